import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type Architecture, isNative } from './architecture.ts';
import { command } from './command.ts';
import { CACHE, ROOT } from './paths.ts';
import { runtimeOf } from './runtime.ts';

/** What is compiled, for one architecture; not yet stripped. */
export interface NativeParts {
  readonly addon: string;
  /** The static programs of the CNI plugin. */
  readonly programs: readonly string[];
}

const DATAPATH = join(ROOT, 'packages', 'datapath');
const CNI = join(ROOT, 'packages', 'cni');

/** What packages/cni/native/build.sh makes. */
export const CNI_PROGRAMS = ['evio-cni', 'evio-pod-worker'] as const;

/** Takes what test/setup.sh built for this machine; compiles it anew for another one. */
export function nativeParts(architecture: Architecture): NativeParts {
  const programsIn = (directory: string) => CNI_PROGRAMS.map(name => join(directory, name));
  if (isNative(architecture)) {
    return {
      addon: join(DATAPATH, 'build', 'Release', 'datapath.node'),
      programs: programsIn(join(CNI, 'dist')),
    };
  }
  const directory = join(CACHE, architecture.debian);
  const addon = join(directory, 'datapath', 'build', 'Release', 'datapath.node');
  const runtime = runtimeOf(architecture);
  const inputs = hashOf(['packages/datapath/native/**', 'packages/cni/native/**'], runtime);
  const stamp = join(directory, 'inputs');
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== inputs) {
    rmSync(directory, { recursive: true, force: true });
    const { gnu } = architecture;
    const env = { CC: `${gnu}-gcc`, CXX: `${gnu}-g++`, AR: `${gnu}-ar` };
    crossBuildAddon(join(directory, 'datapath'), architecture, runtime, env);
    command(['sh', join(CNI, 'native', 'build.sh'), directory], { env });
    writeFileSync(stamp, inputs);
  }
  return { addon, programs: programsIn(directory) };
}

/** node-gyp builds in the directory of its sources: a copy, so that this machine's own build stays. */
function crossBuildAddon(
  directory: string,
  { node }: Architecture,
  runtime: string,
  env: Readonly<Record<string, string>>,
): void {
  mkdirSync(directory, { recursive: true });
  for (const part of ['native', 'binding.gyp', 'package.json']) {
    cpSync(join(DATAPATH, part), join(directory, part), { recursive: true });
  }
  const gyp = join(ROOT, 'node_modules', '.bin', 'node-gyp');
  const options = ['--silent', '--directory', directory, `--nodedir=${runtime}`, `--arch=${node}`];
  command([gyp, 'configure', 'build', ...options], { env });
}

function hashOf(patterns: readonly string[], runtime: string): string {
  const hash = createHash('sha256').update(runtime);
  hash.update(readFileSync(join(DATAPATH, 'binding.gyp')));
  for (const file of globSync([...patterns], { cwd: ROOT, withFileTypes: true })) {
    if (!file.isFile()) continue;
    const path = join(file.parentPath, file.name);
    hash.update(path).update(readFileSync(path));
  }
  return hash.digest('hex');
}
