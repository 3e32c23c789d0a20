import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Architecture } from './architecture.ts';
import type { BundledPackage } from './bundled-package.ts';
import { sha256 } from './checksums.ts';
import { CNI_PROGRAMS } from './native.ts';
import { ROOT } from './paths.ts';
import { runtimeOf } from './runtime.ts';

/** A component of CycloneDX 1.6, as far as it is used here. */
export interface Component {
  readonly type: 'application' | 'library' | 'platform' | 'file';
  readonly 'bom-ref': string;
  readonly name: string;
  readonly version: string;
  readonly purl?: string;
  readonly licenses?: readonly ({ license: { id: string } } | { expression: string })[];
  readonly hashes?: readonly { alg: 'SHA-256' | 'SHA-512'; content: string }[];
  readonly components?: readonly Component[];
}

export interface Sbom {
  readonly bomFormat: 'CycloneDX';
  readonly specVersion: '1.6';
  readonly serialNumber: string;
  readonly version: 1;
  readonly metadata: { readonly timestamp: string; readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { ref: string; dependsOn: readonly string[] }[];
}

/** What is statically in Node, by its name in process.versions; the rest are tables and protocols. */
const NODE_LIBRARIES = [
  'acorn',
  'ada',
  'amaro',
  'ares',
  'brotli',
  'cldr',
  'icu',
  'llhttp',
  'merve',
  'nbytes',
  'ncrypto',
  'nghttp2',
  'openssl',
  'simdjson',
  'simdutf',
  'sqlite',
  'undici',
  'unicode',
  'uv',
  'uvwasi',
  'v8',
  'zlib',
  'zstd',
];

/**
 * The software bill of materials of one architecture, CycloneDX 1.6: the npm packages that left code
 * in the bundle (not all that are installed: `npm sbom` lists those), Node with the libraries inside
 * it, and what we compile ourselves.
 *
 * @param root the staged tree.
 */
export function sbom(
  root: string,
  architecture: Architecture,
  version: string,
  packages: readonly BundledPackage[],
  epoch: number,
): Sbom {
  const components = [
    nodeComponent(root, architecture),
    // The last ones are linked statically: the C and C++ libraries of the compiler are in them.
    ...['datapath.node', ...CNI_PROGRAMS].map(name => fileComponent(root, name, version)),
    ...packages.map(npmComponent),
  ];
  const own: Component = {
    type: 'application',
    'bom-ref': `evio@${version}`,
    name: 'evio',
    version,
    purl: `pkg:deb/evio@${version}?arch=${architecture.debian}`,
    licenses: [{ license: { id: 'MIT' } }],
  };
  const content = JSON.stringify([own, components]);
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuidOf(content)}`,
    version: 1,
    metadata: { timestamp: new Date(epoch * 1000).toISOString(), component: own },
    components,
    dependencies: [
      { ref: own['bom-ref'], dependsOn: components.map(component => component['bom-ref']) },
      ...components.map(component => ({ ref: component['bom-ref'], dependsOn: [] })),
    ],
  };
}

function npmComponent({ name, version, license }: BundledPackage): Component {
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Readonly<Record<string, { version?: string; integrity?: string }>>;
  };
  const locked = Object.entries(lock.packages).find(
    ([place, entry]) => place.endsWith(`node_modules/${name}`) && entry.version === version,
  )?.[1];
  const digest = locked?.integrity?.startsWith('sha512-') === true ? locked.integrity : undefined;
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  return {
    type: 'library',
    'bom-ref': purl,
    name,
    version,
    purl,
    licenses: [{ expression: license }],
    ...(digest === undefined
      ? {}
      : {
          hashes: [
            {
              alg: 'SHA-512',
              content: Buffer.from(digest.slice('sha512-'.length), 'base64').toString('hex'),
            },
          ],
        }),
  };
}

/** The versions are those of the Node that runs this: the same release, whatever the processor. */
function nodeComponent(root: string, architecture: Architecture): Component {
  const { version } = JSON.parse(
    readFileSync(join(runtimeOf(architecture), 'package.json'), 'utf8'),
  ) as { version: string };
  if (version !== process.versions.node) {
    throw new TypeError(`expected to run on Node ${version}, run on ${process.versions.node}`);
  }
  const ref = `node@${version}`;
  return {
    type: 'platform',
    'bom-ref': ref,
    name: 'node',
    version,
    purl: `pkg:npm/node-linux-${architecture.node}@${version}`,
    licenses: [{ license: { id: 'MIT' } }],
    hashes: [{ alg: 'SHA-256', content: sha256(join(root, 'usr/lib/evio/node')) }],
    components: NODE_LIBRARIES.flatMap(name => {
      const found = process.versions[name];
      if (found === undefined) return [];
      return [
        { type: 'library' as const, 'bom-ref': `${ref}/${name}@${found}`, name, version: found },
      ];
    }),
  };
}

function fileComponent(root: string, name: string, version: string): Component {
  return {
    type: 'file',
    'bom-ref': `evio@${version}/${name}`,
    name: `usr/lib/evio/${name}`,
    version,
    licenses: [{ license: { id: 'MIT' } }],
    hashes: [{ alg: 'SHA-256', content: sha256(join(root, 'usr/lib/evio', name)) }],
  };
}

/** A UUID of what is described, so that the same release has the same (RFC 9562 §5.8, version 8). */
function uuidOf(content: string): string {
  const bytes = createHash('sha256').update(content).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
