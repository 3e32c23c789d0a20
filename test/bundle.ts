/**
 * Bundles the `evio` command, agent included: an agent started from the bundle is ready sooner and
 * needs less memory than one that strips types from several hundred files.
 *
 * What a command imports when it runs becomes a chunk of its own beside `evio.mjs`, so that
 * `evio status` reads a tenth of what `evio up` does.
 *
 * Beside them it writes the man pages and the completions that packages install.
 */
import { rmSync } from 'node:fs';
import { build } from 'esbuild';
import { writeShellFiles } from '../packages/cli/src/shell-files.ts';
import { BUNDLE } from '../packages/release/src/bundle-options.ts';

const outdir = 'packages/cli/dist';
// Chunks are named by their content: those of former builds would stay for ever.
rmSync(outdir, { recursive: true, force: true });

await build({ ...BUNDLE, outdir, sourcemap: true });

writeShellFiles(outdir);
