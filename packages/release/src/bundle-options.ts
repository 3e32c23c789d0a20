import type { BuildOptions } from 'esbuild';
import { ROOT } from './paths.ts';

/** How esbuild makes one module, and chunks for what commands import when they run, of the `evio` command. */
export const BUNDLE = {
  absWorkingDir: ROOT,
  entryPoints: { evio: 'packages/cli/src/main.ts' },
  outExtension: { '.js': '.mjs' },
  chunkNames: 'chunk-[hash]',
  splitting: true,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  legalComments: 'none',
  // Packages in CommonJS call require() for Node's own modules.
  banner: {
    js: "import { createRequire as createRequireHere } from 'node:module'; const require = createRequireHere(import.meta.url);",
  },
} as const satisfies BuildOptions;
