/** Interface set-up on a real kernel, in a network namespace of its own. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import {
  type RunCommand,
  runCommand,
  setUpInterface,
  type WantedInterface,
} from '../../packages/agent/src/system/index.ts';

const namespace = `evio-iface-${process.pid}`;
const ip = (...args: string[]) =>
  execFileSync('ip', ['-netns', namespace, ...args], { encoding: 'utf8' });
/** The agent's `ip`, in the namespace. */
const run: RunCommand = (program, args, input) =>
  runCommand(program, program === 'ip' ? ['-netns', namespace, ...args] : args, input);

before(() => {
  execFileSync('ip', ['netns', 'add', namespace]);
  ip('tuntap', 'add', 'dev', 'evio0', 'mode', 'tap');
});
after(() => execFileSync('ip', ['netns', 'del', namespace]));

const shown = (device: string) => {
  const [link] = JSON.parse(ip('-json', 'address', 'show', 'dev', device));
  return {
    mtu: link.mtu,
    up: link.flags.includes('UP'),
    master: link.master,
    addresses: link.addr_info
      .filter((each: { scope: string }) => each.scope !== 'link')
      .map((each: { local: string; prefixlen: number }) => `${each.local}/${each.prefixlen}`),
  };
};
const wanted: WantedInterface = {
  name: 'evio0',
  addresses: ['10.10.0.1/16', 'fd00:10::1/64'],
  mtu: 1400,
};
const bridged: WantedInterface = { ...wanted, bridge: 'br0' };

test('a new TAP is set up, and setting it up again changes nothing', async () => {
  assert.notDeepEqual(await setUpInterface(wanted, { run }), []);
  assert.deepEqual(shown('evio0'), {
    mtu: 1400,
    up: true,
    master: undefined,
    addresses: wanted.addresses,
  });
  assert.deepEqual(await setUpInterface(wanted, { run }), []);
});

test('addresses are added and removed to match', async () => {
  const moved = { ...wanted, addresses: ['10.10.0.9/16', '10.11.0.1/24'], mtu: 1300 };
  await setUpInterface(moved, { run });
  assert.deepEqual(shown('evio0').addresses, moved.addresses);
  assert.equal(shown('evio0').mtu, 1300);
  // The primary address of a subnet goes while its secondary stays.
  await setUpInterface({ ...wanted, addresses: ['10.10.0.9/16', '10.10.0.8/16'] }, { run });
  await setUpInterface({ ...wanted, addresses: ['10.10.0.8/16'] }, { run });
  assert.deepEqual(shown('evio0').addresses, ['10.10.0.8/16']);
});

test('a bridge is made and holds the addresses; leaving it takes only ours away', async () => {
  await setUpInterface(bridged, { run });
  assert.equal(shown('evio0').master, 'br0');
  assert.deepEqual(shown('evio0').addresses, []);
  assert.deepEqual(shown('br0').addresses, wanted.addresses);
  assert.equal(shown('br0').mtu, 1400);
  ip('address', 'add', '192.168.77.1/24', 'dev', 'br0');
  assert.deepEqual(await setUpInterface(bridged, { run }), []);
  await setUpInterface(wanted, { run, former: bridged });
  assert.equal(shown('evio0').master, undefined);
  assert.deepEqual(shown('br0').addresses, ['192.168.77.1/24']);
  assert.deepEqual(shown('evio0').addresses, wanted.addresses);
});

test("what the kernel refuses is told with the line and the kernel's reason", async () => {
  await assert.rejects(setUpInterface({ ...wanted, mtu: 1_000_000 }, { run }), {
    code: 'INTERFACE_FAILED',
    message: /^ip link set dev evio0 mtu 1000000: .*(greater|Invalid)/,
  });
  await assert.rejects(setUpInterface({ ...wanted, name: 'evio7' }, { run }), {
    code: 'INTERFACE_MISSING',
  });
});
