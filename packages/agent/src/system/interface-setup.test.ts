import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLinks, setUpInterface } from './interface-setup.ts';
import type { CommandResult, RunCommand } from './run-command.ts';

const SHOWN = JSON.stringify([
  {
    ifname: 'evio0',
    mtu: 1500,
    flags: ['BROADCAST', 'UP'],
    master: 'br0',
    linkinfo: { info_kind: 'tun' },
    addr_info: [
      { family: 'inet', local: '10.0.0.1', prefixlen: 24, scope: 'global' },
      { family: 'inet6', local: 'fe80::1', prefixlen: 64, scope: 'link' },
    ],
  },
  {},
  { ifname: 'br0', mtu: 1500, flags: [], linkinfo: { info_kind: 'bridge' } },
]);
const ok = (stdout = ''): CommandResult => ({ code: 0, stdout, stderr: '' });

test("ip's list of devices is read, less what the kernel added", () => {
  const [tap, bridge, ...rest] = parseLinks(SHOWN);
  assert.deepEqual(tap, {
    name: 'evio0',
    mtu: 1500,
    up: true,
    master: 'br0',
    isBridge: false,
    addresses: ['10.0.0.1/24'],
  });
  assert.equal(bridge?.isBridge, true);
  assert.equal(bridge?.up, false);
  assert.equal(rest.length, 0);
  assert.deepEqual(parseLinks(''), []);
});

test('all that differs goes into one batch, and nothing runs when nothing differs', async () => {
  const calls: (readonly [readonly string[], string | undefined])[] = [];
  const run: RunCommand = async (_program, args, input) => {
    calls.push([args, input]);
    return args.includes('-json') ? ok(SHOWN) : ok();
  };
  const wanted = { name: 'evio0', addresses: ['10.0.0.1/24'], mtu: 1500 };
  assert.deepEqual(await setUpInterface(wanted, { run }), []);
  assert.equal(calls.length, 1);
  await setUpInterface({ ...wanted, mtu: 1400 }, { run });
  assert.deepEqual(calls.at(-1), [['-batch', '-'], 'link set dev evio0 mtu 1400\n']);
});

test('an error names the line that failed and its reason', async () => {
  const run: RunCommand = async (_program, args) =>
    args.includes('-json')
      ? ok(SHOWN)
      : {
          code: 1,
          stdout: '',
          stderr: 'RTNETLINK answers: Operation not permitted\nCommand failed -:1\n',
        };
  await assert.rejects(setUpInterface({ name: 'evio0', addresses: [], mtu: 1400 }, { run }), {
    code: 'INTERFACE_FAILED',
    message:
      'ip link set dev evio0 mtu 1400: Operation not permitted; the agent needs CAP_NET_ADMIN',
  });
});
