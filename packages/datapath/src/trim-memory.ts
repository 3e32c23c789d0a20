import { loadAddon } from './native.ts';

/**
 * Gives the pages that malloc holds but nobody uses back to the kernel (malloc_trim(3)). V8's compilers
 * leave some 10 MB of them in a process that then hardly allocates; glibc by itself keeps them for ever.
 * Costs a millisecond.
 *
 * @throws EvioError `ADDON_MISSING`.
 */
export function trimMemory(): void {
  loadAddon().trimMemory();
}
