import { join } from 'node:path';

/** The repository. */
export const ROOT = join(import.meta.dirname, '..', '..');

/** What the tests compile or download; survives until `node_modules` is removed. */
export const CACHE = join(ROOT, 'node_modules', '.evio');

/** The `evio` command as it is installed; test/setup.sh makes the bundle behind it. */
export const EVIO = join(ROOT, 'packages', 'cli', 'bin', 'evio');
