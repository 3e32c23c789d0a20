import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BundledPackage } from './bundled-package.ts';
import { ROOT } from './paths.ts';

/**
 * The package's `copyright`, in Debian's machine-readable form (DEP-5): Evio's own licence, that of
 * Node, which holds those of what it is made of, and those of the npm packages in the release.
 *
 * @param runtime directory of Node's npm package.
 */
export function copyright(runtime: string, packages: readonly BundledPackage[]): string {
  const own = readFileSync(join(ROOT, 'LICENSE'), 'utf8');
  const node = readFileSync(join(runtime, 'LICENSE'), 'utf8');
  const stanzas = [
    'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: evio',
    stanza('*', 'The Evio authors', 'MIT', own),
    stanza('usr/lib/evio/node', 'Node.js contributors and those named below', 'Node', node),
    ...packages.map(({ name, version, license, licenseText, files }) =>
      stanza(
        files.map(glob => `usr/lib/evio/${glob}`).join(' '),
        holders(licenseText) ?? `The authors of ${name}`,
        license.replaceAll(/[^\w.+-]+/g, '-'),
        licenseText ?? `The package says: ${license}.`,
        `The part that is ${name} ${version}.`,
      ),
    ),
  ];
  return `${stanzas.join('\n\n')}\n`;
}

function stanza(
  files: string,
  holder: string,
  license: string,
  licenseText: string,
  comment?: string,
): string {
  return [
    `Files: ${files}`,
    `Copyright: ${holder}`,
    `License: ${license}`,
    indented(licenseText),
    ...(comment === undefined ? [] : [`Comment: ${comment}`]),
  ].join('\n');
}

/** The first line of a licence that names a holder, without the word itself. */
function holders(licenseText: string | undefined): string | undefined {
  const line = /^\W*copyright\s+(?:\(c\)\s*|©\s*)?(\S.*)$/im.exec(licenseText ?? '')?.[1];
  return line?.replaceAll(/\s+/g, ' ').trim();
}

/** A multi-line field: one space before each line, a dot where there is none. */
function indented(text: string): string {
  return text
    .trim()
    .split('\n')
    .map(line => (line.trim() === '' ? ' .' : ` ${line.trimEnd().replaceAll('\t', '  ')}`))
    .join('\n');
}
