import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMac } from '@evio/types';
import type { PodInterface } from './attach-plan.ts';
import { LinuxPodNetwork } from './linux-pod-network.ts';
import { hostInterfaceName } from './names.ts';
import type { ProgramResult, RunProgram } from './run-program.ts';

const pod: PodInterface = {
  ifName: 'eth0',
  netns: '/run/netns/x',
  hostIf: 'evp0123456789ab',
  bridge: 'evio-pods',
  mtu: 1400,
  mac: parseMac('02:00:00:00:00:01'),
  hostMac: parseMac('02:00:00:00:00:02'),
  addresses: ['10.244.3.2/16', 'fd00:244::2/48'],
  routes: [{ dst: '0.0.0.0/0', gw: '10.244.3.1' }],
  hairpin: true,
};

/** A kernel that answers in turn, and then always with success. */
function scripted(...answers: Partial<ProgramResult>[]) {
  const calls: { argv: readonly string[]; input: string }[] = [];
  const run: RunProgram = async (argv, { input = '' } = {}) => {
    calls.push({ argv, input });
    return { code: 0, stdout: '', stderr: '', ...answers.shift() };
  };
  return { calls, network: new LinuxPodNetwork({ node: 'n', run }) };
}

test('a pod is made by one program: addresses before the interface is up, routes after it', async () => {
  const { calls, network } = scripted();
  await network.attach(pod);
  assert.equal(calls.length, 1);
  const [script = '', , netns, inPod = ''] = calls[0]?.argv.slice(2) ?? [];
  assert.match(
    script,
    /link add name evp0123456789ab .* type veth peer name eth0 .* netns \/run\/netns\/x/,
  );
  assert.match(script, /hairpin on/);
  assert.equal(netns, '/run/netns/x');
  assert.match(inPod, /echo 1 >'\/proc\/sys\/net\/ipv4\/conf\/eth0\/arp_notify'/);
  assert.deepEqual(calls[0]?.input.trim().split('\n'), [
    'link set dev lo up',
    'address add 10.244.3.2/16 dev eth0',
    'address add fd00:244::2/48 dev eth0 nodad',
    'link set dev eth0 up',
    'route replace 0.0.0.0/0 via 10.244.3.1 dev eth0',
  ]);
});

test('a failure tells the line that failed, on the host or in the pod, and leaves no interface', async () => {
  const failure = (code: number, line: number) => ({
    code,
    stderr: `RTNETLINK answers: File exists\nCommand failed -:${line}\n`,
  });
  const onHost = scripted(failure(90, 1));
  await assert.rejects(onHost.network.attach(pod), {
    message: /link add name/,
    details: 'File exists',
  });
  assert.match(onHost.calls[1]?.input ?? '', /^link del dev evp0123456789ab$/m);
  const inPod = scripted(failure(1, 2));
  await assert.rejects(inPod.network.attach(pod), {
    message: 'ip address add 10.244.3.2/16 dev eth0',
  });
});

test('a bridge is made once, by all that want it at the same time, and again when an attach failed', async () => {
  const { calls, network } = scripted();
  const bridge = { name: 'evio-pods', mtu: 1400, gateways: ['10.244.3.1/16'] };
  await Promise.all([network.ensureBridge(bridge), network.ensureBridge(bridge)]);
  const made = () => calls.filter(({ input }) => input.includes('type bridge')).length;
  assert.equal(made(), 1);
  assert.ok(calls.some(({ argv }) => argv.join().includes('ipv4/ip_forward')));
  await network.ensureBridge(bridge);
  assert.equal(made(), 1);
  const failing = scripted({}, {}, {}, { code: 1, stderr: 'Cannot find device "evio-pods"' });
  await failing.network.ensureBridge(bridge);
  await assert.rejects(failing.network.attach(pod));
  await failing.network.ensureBridge(bridge);
  assert.equal(failing.calls.filter(({ input }) => input.includes('type bridge')).length, 2);
});

test('interfaces that are gone already are no error of a removal; others are', async () => {
  const gone = scripted({ code: 1, stderr: 'Cannot find device "evp1"\nCommand failed -:1\n' });
  await gone.network.detach(['evp1']);
  const denied = scripted({ code: 1, stderr: 'RTNETLINK answers: Operation not permitted\n' });
  await assert.rejects(denied.network.detach(['evp1']), { details: /not permitted/ });
});

test('names on the host follow from the container and have the length that the kernel takes', () => {
  const name = hostInterfaceName({ containerId: 'c1', ifName: 'eth0' });
  assert.match(name, /^evp[0-9a-f]{12}$/);
  assert.equal(hostInterfaceName({ containerId: 'c1', ifName: 'eth0' }), name);
  assert.notEqual(hostInterfaceName({ containerId: 'c1', ifName: 'eth1' }), name);
});
