import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CommandResult } from '../system/index.ts';
import {
  checkCapabilities,
  checkClock,
  checkOffloads,
  checkTun,
  type HostProbes,
} from './check-host.ts';

function failing(code: string): never {
  throw Object.assign(new Error(code), { code });
}

const ran = (stdout: string, code = 0): CommandResult => ({ code, stdout, stderr: '' });
const host = (over: Partial<HostProbes> = {}): HostProbes => ({
  open: () => undefined,
  read: () => 'Name:\tnode\nCapEff:\t0000000000001000\n',
  kernel: '6.1.0-30-amd64',
  wallClock: Date.parse('2026-06-01T12:00:00Z'),
  run: async () => ran('yes\n'),
  ...over,
});

test('a host that has everything is fine', async () => {
  assert.equal(checkTun(host()).state, 'fine');
  assert.equal(checkCapabilities(host()).state, 'fine');
  assert.equal(checkOffloads(host()).state, 'fine');
  assert.equal((await checkClock(host())).state, 'fine');
});

test('a missing or forbidden TUN device is told with its mend', () => {
  const missing = checkTun(host({ open: () => failing('ENOENT') }));
  assert.equal(missing.state, 'broken');
  assert.match(missing.mend ?? '', /modprobe tun/);
  assert.equal(checkTun(host({ open: () => failing('EACCES') })).mend, 'run as root');
});

test('without CAP_NET_ADMIN nothing works', () => {
  const { state, mend } = checkCapabilities(host({ read: () => 'CapEff:\t00000000ffffefff\n' }));
  assert.equal(state, 'broken');
  assert.match(mend ?? '', /NET_ADMIN/);
  assert.equal(checkCapabilities(host({ read: () => '' })).state, 'unknown');
});

test('an old kernel works, slower', () => {
  assert.match(checkOffloads(host({ kernel: '4.18.0' })).finding, /lacks UDP GRO: /);
  assert.match(checkOffloads(host({ kernel: '4.9.0' })).finding, /lacks UDP GSO and GRO/);
  assert.equal(checkOffloads(host({ kernel: '10.0.1' })).state, 'fine');
});

test('a clock that is off, or that nothing keeps, is told', async () => {
  const states = async (over: Partial<HostProbes>) => (await checkClock(host(over))).state;
  assert.equal(await states({ wallClock: 0 }), 'broken');
  assert.equal(await states({ run: async () => ran('no\n') }), 'uneasy');
  // No systemd: nothing to be uneasy about, nothing known.
  const bare = host({ run: async () => ran('', 1), read: () => failing('ENOENT') });
  assert.match((await checkClock(bare)).finding, /2026-06-01; what keeps it is not known/);
  const marker = host({ run: async () => failing('ENOENT'), read: () => '' });
  assert.match((await checkClock(marker)).finding, /kept by NTP/);
});
