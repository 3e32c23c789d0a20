import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { KubernetesRanges, kubernetesAccess, podCidrsOf } from './kubernetes-ranges.ts';

test('a node object tells its ranges, old ones just one', () => {
  assert.deepEqual(podCidrsOf('{"spec":{"podCIDRs":["10.244.1.0/24","fd00::/64"]}}'), [
    '10.244.1.0/24',
    'fd00::/64',
  ]);
  assert.deepEqual(podCidrsOf('{"spec":{"podCIDR":"10.244.1.0/24"}}'), ['10.244.1.0/24']);
  assert.deepEqual(podCidrsOf('{"spec":{}}'), []);
});

test('the API server is that of the pod, unless the configuration says otherwise', () => {
  const inPod = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443' };
  assert.equal(kubernetesAccess({}, inPod).server, 'https://[fd00::1]:6443');
  assert.equal(kubernetesAccess({ server: 'https://api' }, inPod).server, 'https://api');
  assert.throws(() => kubernetesAccess({}, {}), { code: 'KUBERNETES_UNKNOWN' });
});

test('ranges are kept for a start without the API server; one outside of the pod network is refused', async t => {
  const directory = mkdtempSync(join(tmpdir(), 'evio-k8s-'));
  t.after(() => rmSync(directory, { recursive: true }));
  let answer: readonly string[] | Error = new Error('away');
  const open = () =>
    new KubernetesRanges({
      networks: ['fd00:244::/48', '10.244.0.0/16'],
      file: join(directory, 'ranges.json'),
      fetch: async () => {
        if (answer instanceof Error) throw answer;
        return answer;
      },
    });
  const ranges = open();
  await ranges.refresh();
  assert.deepEqual(ranges.ranges(), { missing: 'away' });
  answer = ['10.9.0.0/24'];
  await ranges.refresh();
  assert.ok('missing' in ranges.ranges());
  answer = ['10.244.1.0/24'];
  await ranges.refresh();
  const got = { networks: ['10.244.0.0/16'], ranges: ['10.244.1.0/24'] };
  assert.deepEqual(ranges.ranges(), got);
  assert.deepEqual(open().ranges(), got);
});
