import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMac } from '@evio/types';
import { CniError } from '../protocol/cni-error.ts';
import type { PodInterface } from './attach-plan.ts';
import { LinuxPodNetwork } from './linux-pod-network.ts';
import { hostInterfaceName } from './names.ts';
import type { PodStep, PodSteps } from './pod-worker.ts';
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

/** A kernel that answers programs in turn, and then always with success; and a worker that does not fail. */
function scripted(...answers: Partial<ProgramResult>[]) {
  const calls: { argv: readonly string[]; input: string }[] = [];
  const steps: PodStep[] = [];
  const run: RunProgram = async (argv, { input = '' } = {}) => {
    calls.push({ argv, input });
    return { code: 0, stdout: '', stderr: '', ...answers.shift() };
  };
  const worker: PodSteps = { carryOut: async wanted => void steps.push(...wanted) };
  return { calls, steps, worker, network: new LinuxPodNetwork({ node: 'n', worker, run }) };
}

test('a pod is made by the worker: addresses are announced once the bridge takes frames', async () => {
  const { calls, steps, network } = scripted();
  await network.attach(pod);
  assert.equal(calls.length, 0);
  const [hostMac, mac] = ['02:00:00:00:00:02', '02:00:00:00:00:01'];
  assert.deepEqual(steps.slice(0, 3), [
    ['veth', 'evp0123456789ab', hostMac, '1400', 'evio-pods', 'eth0', mac, '/run/netns/x'],
    ['hairpin', 'evp0123456789ab'],
    ['enter', '/run/netns/x'],
  ]);
  assert.deepEqual(
    steps.slice(3).filter(([verb]) => verb !== 'set'),
    [
      ['up', 'lo'],
      ['up', 'eth0'],
      ['await', 'evp0123456789ab'],
      ['address', '10.244.3.2/16', 'eth0'],
      ['address', 'fd00:244::2/48', 'eth0'],
      ['route', '0.0.0.0/0', '10.244.3.1', 'eth0'],
      ['announce', 'eth0', mac],
    ],
  );
});

test('what fails half-way leaves no interface', async () => {
  const { calls, worker, network } = scripted();
  const failure = new CniError('networkFailure', 'up eth0', { details: 'No such device' });
  worker.carryOut = () => Promise.reject(failure);
  await assert.rejects(network.attach(pod), failure);
  assert.match(calls[0]?.input ?? '', /^link del dev evp0123456789ab$/m);
});

test('a bridge is made once, by all that want it at the same time, and again when an attach failed', async () => {
  const { calls, steps, network } = scripted();
  const bridge = { name: 'evio-pods', mtu: 1400, gateways: ['10.244.3.1/16'] };
  await Promise.all([network.ensureBridge(bridge), network.ensureBridge(bridge)]);
  const made = () => calls.filter(({ input }) => input.includes('type bridge')).length;
  assert.equal(made(), 1);
  assert.deepEqual(steps, [['set', 'ipv4/ip_forward', '1']]);
  await network.ensureBridge(bridge);
  assert.equal(made(), 1);
  const failing = scripted();
  await failing.network.ensureBridge(bridge);
  const { carryOut } = failing.worker;
  failing.worker.carryOut = () => Promise.reject(new CniError('networkFailure', 'veth'));
  await assert.rejects(failing.network.attach(pod));
  failing.worker.carryOut = carryOut;
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
