import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostProbes } from '../doctor/check-host.ts';
import { checkHost } from './host.ts';

const fit: HostProbes = {
  open: () => undefined,
  read: () => 'CapEff:\t0000000000001000\n',
  kernel: '6.1.0',
  wallClock: 0,
  run: async () => ({ code: 0, stdout: '', stderr: '' }),
};

test('a host that an agent can work on says why', () => {
  assert.equal(checkHost(fit, 0), 'root; /dev/net/tun can be opened; CAP_NET_ADMIN is there');
});

test('what is missing is told with its mend', () => {
  assert.throws(() => checkHost(fit, 1000), { code: 'HOST_UNFIT', mend: /as root/ });
  const withoutTun = {
    ...fit,
    open: () => {
      throw Object.assign(new Error('none'), { code: 'ENOENT' });
    },
  };
  assert.throws(() => checkHost(withoutTun, 0), { step: 'host', mend: /modprobe tun/ });
  const powerless = { ...fit, read: () => 'CapEff:\t0000000000000000\n' };
  assert.throws(() => checkHost(powerless, 0), { message: /CAP_NET_ADMIN is missing/ });
});
