import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { EvioError } from '@evio/types';

/**
 * A program that was built with this code (`native/build.sh`): beside the sources, or beside the bundle.
 *
 * @throws EvioError `CNI_PLUGIN_MISSING`.
 */
export function findNativeProgram(name: 'evio-cni' | 'evio-pod-worker'): string {
  const here = import.meta.dirname;
  const places = [join(here, '..', 'dist'), join(here, '..', '..', 'cni', 'dist'), here];
  const found = places.map(place => join(place, name)).find(file => existsSync(file));
  if (found !== undefined) return found;
  throw new EvioError(
    'CNI_PLUGIN_MISSING',
    `${name} was not built; expected it in ${places[0]}; run: npm run build`,
  );
}
