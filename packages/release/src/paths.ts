import { join } from 'node:path';

/** The repository. */
export const ROOT = join(import.meta.dirname, '..', '..', '..');

/** What takes long to make and depends on little; survives until `node_modules` is removed. */
export const CACHE = join(ROOT, 'node_modules', '.evio', 'release');
