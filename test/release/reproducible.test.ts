/** `npm run release`: the same bytes from two builds, and what lintian and the checksums say of them. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ARCHITECTURES, isNative } from '../../packages/release/src/architecture.ts';
import { release } from '../../packages/release/src/release.ts';
import { run } from '../lab/command.ts';

const EPOCH = 1_750_000_000;
let place = '';

before(async () => {
  place = await mkdtemp(join(tmpdir(), 'evio-release-test-'));
});
after(() => rm(place, { recursive: true, force: true }));

test('two builds make the same packages, archives, images and bills of materials', async () => {
  const sums: string[] = [];
  for (const out of [join(place, 'one'), join(place, 'two')]) {
    // Uncompressed: xz and gzip of the same bytes are the same.
    await release({ out, version: '1.2.3', epoch: EPOCH, compression: 'none' });
    sums.push(await readFile(join(out, 'SHA256SUMS'), 'utf8'));
  }
  assert.equal(sums[0], sums[1]);
  const files = (sums[0] ?? '')
    .trim()
    .split('\n')
    .map(line => line.split('  ')[1]);
  assert.deepEqual(
    files,
    ARCHITECTURES.flatMap(architecture => {
      const { debian } = architecture;
      return [
        ...(isNative(architecture) ? [`evio-1.2.3-linux-${debian}.oci.tar`] : []),
        `evio-1.2.3-linux-${debian}.cdx.json`,
        `evio-1.2.3-linux-${debian}.tar.gz`,
        `evio_1.2.3_${debian}.deb`,
      ];
    }).sort(),
  );
  await run(['sha256sum', '--check', '--quiet', 'SHA256SUMS'], { cwd: join(place, 'one') });
});

test('every file in a package belongs to root and has the time of the last commit', async () => {
  for (const { debian } of ARCHITECTURES) {
    const { stdout } = await run(['dpkg-deb', '--contents', packageOf(debian)], {
      env: { TZ: 'UTC' },
    });
    const odd = stdout
      .trim()
      .split('\n')
      .filter(line => !line.includes(' root/root ') || !line.includes(' 2025-06-15 15:06 '));
    assert.deepEqual(odd, []);
  }
});

test('lintian finds no error', async () => {
  const packages = ARCHITECTURES.map(({ debian }) => packageOf(debian));
  // A release compresses them.
  const tags = 'uses-no-compression-for-control-tarball,uses-no-compression-for-data-tarball';
  await run(
    ['lintian', '--allow-root', '--fail-on', 'error', '--suppress-tags', tags, ...packages],
    { timeoutMs: 300_000 },
  );
});

test('the bill of materials names Node, its OpenSSL, the addon and the npm packages', async () => {
  const file = join(place, 'one', 'evio-1.2.3-linux-arm64.cdx.json');
  const bom = JSON.parse(await readFile(file, 'utf8'));
  assert.deepEqual([bom.bomFormat, bom.specVersion], ['CycloneDX', '1.6']);
  const named = new Map<string, { version: string; components?: { name: string }[] }>(
    bom.components.map((component: { name: string }) => [component.name, component]),
  );
  assert.equal(named.get('node')?.version, process.versions.node);
  assert.ok(named.get('node')?.components?.some(({ name }) => name === 'openssl'));
  for (const name of [
    'usr/lib/evio/datapath.node',
    'node-addon-api',
    '@xmpp/client',
    'tweetnacl',
    'zod',
  ]) {
    assert.ok(named.has(name), name);
  }
  assert.ok(!named.has('esbuild') && !named.has('typescript'), 'tools are not in the release');
  const refs = bom.components.map((component: { 'bom-ref': string }) => component['bom-ref']);
  assert.equal(new Set(refs).size, refs.length, 'each is named once');
});

function packageOf(architecture: string): string {
  return join(place, 'one', `evio_1.2.3_${architecture}.deb`);
}
