import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { BUNDLE } from './bundle-options.ts';
import { type BundledPackage, bundledPackages, type Part, usedInputs } from './bundled-package.ts';
import { copyTree } from './copy-tree.ts';
import { builtPage, pageInputs, pages } from './page.ts';

/** The one part of an npm package that is compiled: a wrapper of Node-API, of headers alone. */
const ADDON: Part = {
  files: 'datapath.node',
  inputs: ['node_modules/node-addon-api/napi-inl.h'],
};

/**
 * Bundles the `evio` command for a release: as test/bundle.ts does, without white space and without
 * source maps. Functions keep their names: werift's codec compares them. The pages that the agent
 * serves come beside it.
 *
 * @param directory gets `evio.mjs`, its chunks, and a folder for each page.
 * @returns the packages of which anything is in a release, by name.
 */
export async function bundle(directory: string): Promise<BundledPackage[]> {
  const { metafile } = await build({
    ...BUNDLE,
    outdir: directory,
    minifyWhitespace: true,
    minifySyntax: true,
    metafile: true,
  });
  // It is a module for the Node beside it, not a program that finds its own.
  const main = join(directory, 'evio.mjs');
  writeFileSync(main, readFileSync(main, 'utf8').replace(/^#!.*\n/, ''));
  const parts: Part[] = [{ files: '*.mjs', inputs: usedInputs(metafile) }, ADDON];
  for (const page of pages()) {
    copyTree(builtPage(page), join(directory, page.name));
    parts.push({ files: `${page.name}/*`, inputs: await pageInputs(page) });
  }
  return bundledPackages(parts);
}
