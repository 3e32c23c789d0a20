import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';
import { ROOT } from './paths.ts';

/** A file of a release that holds code of others, and of whom. */
export interface Part {
  /** Glob of the files below /usr/lib/evio. */
  readonly files: string;
  /** The sources that it was made of, from the root of the repository. */
  readonly inputs: readonly string[];
}

/** An npm package of others, code of which is in a release. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** SPDX expression. */
  readonly license: string;
  /** Text of its licence file; undefined where it has none. */
  readonly licenseText: string | undefined;
  /** Globs of the files below /usr/lib/evio that have something of it. */
  readonly files: readonly string[];
}

/** The sources that left something in what esbuild wrote. */
export function usedInputs({ outputs }: Metafile): string[] {
  return Object.values(outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([file, { bytesInOutput }]) =>
      bytesInOutput > 0 ? [file] : [],
    ),
  );
}

/**
 * The npm packages of which anything was taken, by name.
 *
 * @param root of the repository, where npm has installed them.
 */
export function bundledPackages(parts: readonly Part[], root = ROOT): BundledPackage[] {
  const places = new Map<string, Set<string>>();
  for (const { files, inputs } of parts) {
    for (const input of inputs) {
      const place = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0];
      if (place === undefined) continue; // our own
      places.set(place, (places.get(place) ?? new Set()).add(files));
    }
  }
  return [...places]
    .map(([place, files]) => describe(join(root, place), [...files]))
    .sort((a, b) => compare(a.name, b.name) || compare(a.version, b.version));
}

function describe(directory: string, files: readonly string[]): BundledPackage {
  const { name, version, license } = JSON.parse(
    readFileSync(join(directory, 'package.json'), 'utf8'),
  ) as { name: string; version: string; license?: string };
  const file = readdirSync(directory)
    .sort()
    .find(candidate => /^licen[cs]e/i.test(candidate));
  return {
    name,
    version,
    license: license ?? 'NOASSERTION',
    licenseText: file === undefined ? undefined : readFileSync(join(directory, file), 'utf8'),
    files,
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
