import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { BUNDLE } from './bundle-options.ts';
import { ROOT } from './paths.ts';

/** An npm package of others, code of which is in the bundle. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** SPDX expression. */
  readonly license: string;
  /** Text of its licence file; undefined where it has none. */
  readonly licenseText: string | undefined;
}

/**
 * Bundles the `evio` command for a release: as test/bundle.ts does, without white space and without
 * source maps. Functions keep their names: werift's codec compares them.
 *
 * @param directory gets `evio.mjs` and its chunks.
 * @returns the packages of which anything was taken, by name.
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
  // Only inputs that left something in an output are in the release.
  const used = Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([file, { bytesInOutput }]) =>
      bytesInOutput > 0 ? [file] : [],
    ),
  );
  const places = new Set(
    used.flatMap(file => {
      const found = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0];
      return found === undefined ? [] : [found];
    }),
  );
  return [...places]
    .map(describePackage)
    .sort((a, b) => compare(a.name, b.name) || compare(a.version, b.version));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** @param place its directory, from the root of the repository. */
export function describePackage(place: string): BundledPackage {
  const directory = join(ROOT, place);
  const { name, version, license } = JSON.parse(
    readFileSync(join(directory, 'package.json'), 'utf8'),
  ) as { name: string; version: string; license?: string };
  const file = ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'LICENCE', 'license', 'LICENSE-MIT.txt']
    .map(candidate => join(directory, candidate))
    .find(candidate => existsSync(candidate));
  return {
    name,
    version,
    license: license ?? 'NOASSERTION',
    licenseText: file === undefined ? undefined : readFileSync(file, 'utf8'),
  };
}
