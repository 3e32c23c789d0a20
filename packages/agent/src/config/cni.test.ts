import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ConfigError } from './config-error.ts';
import { parseConfig } from './load-config.ts';

const directory = mkdtempSync(join(tmpdir(), 'evio-config-cni-'));
writeFileSync(join(directory, 'password'), 'secret\n', { mode: 0o600 });
after(() => rmSync(directory, { recursive: true }));

/** A configuration with one overlay and this section. */
function parse(cni: string) {
  return parseConfig(
    join(directory, 'evio.yaml'),
    `overlays:
  - name: pods
    xmpp: { jid: a@example.org, password_file: password }
cni: ${cni}
`,
  );
}

test('the overlay with pods has a bridge, also when the file names none', () => {
  const config = parse('{ overlay: pods, pod_cidr: [10.244.0.0/16] }');
  assert.deepEqual(config.cni, {
    overlay: 'pods',
    socket: '/run/evio/cni.sock',
    podCidr: ['10.244.0.0/16'],
    nodeBits: 8,
  });
  assert.equal(config.overlays[0]?.interface.bridge, 'evio-pods');
});

test('paths are those of the file, and Kubernetes may be all defaults', () => {
  const { cni } = parse('{ overlay: pods, pod_cidr: ["fd00::/48"], kubernetes: { ca: ca.pem } }');
  assert.deepEqual(cni?.kubernetes, { ca: join(directory, 'ca.pem') });
  const { cni: plain } = parse('{ overlay: pods, pod_cidr: ["fd00::/48"], kubernetes: {} }');
  assert.deepEqual(plain?.kubernetes, {});
});

test('what makes no pod network is told with its key', () => {
  const wrong: [string, RegExp][] = [
    [
      '{ overlay: other, pod_cidr: [10.244.0.0/16] }',
      /cni\.overlay: expected the name of an overlay, got "other"/,
    ],
    ['{ overlay: pods }', /cni\.pod_cidr: missing/],
    [
      '{ overlay: pods, pod_cidr: [10.244.0.0] }',
      /cni\.pod_cidr: pod network: expected networks like/,
    ],
    [
      '{ overlay: pods, pod_cidr: [10.244.0.0/24], node_bits: 8 }',
      /cni\.pod_cidr: .* has no room for 8 bits/,
    ],
    [
      '{ overlay: pods, pod_cidr: [10.244.0.0/16], node_index: 256 }',
      /cni\.node_index: expected 0 to 255, got 256/,
    ],
    [
      '{ overlay: pods, pod_cidr: [10.244.0.0/16], node_index: 1, kubernetes: {} }',
      /cni\.node_index: expected either/,
    ],
    [
      '{ overlay: pods, pod_cdir: [10.244.0.0/16] }',
      /cni\.pod_cdir: unknown key; did you mean "pod_cidr"/,
    ],
  ];
  for (const [cni, message] of wrong) {
    assert.throws(
      () => parse(cni),
      error => error instanceof ConfigError && message.test(error.message),
      cni,
    );
  }
});
