import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunCommand } from '../system/index.ts';
import { checkRoutes } from './check-route.ts';

/** `ip` on a host whose default routes go out by these devices. */
const ip =
  (devices: { 4?: string; 6?: string }, mtu: number): RunCommand =>
  async (_program, args) => {
    const device = args.includes('-4') ? devices[4] : args.includes('-6') ? devices[6] : undefined;
    const answer = args.includes('link')
      ? [{ mtu }]
      : device === undefined
        ? []
        : [{ dev: device }];
    return { code: 0, stdout: JSON.stringify(answer), stderr: '' };
  };

test('an ordinary Ethernet carries whole overlay packets in both families', async () => {
  const results = await checkRoutes(ip({ 4: 'eth0', 6: 'eth0' }, 1500), 1400);
  assert.deepEqual(
    results.map(({ state }) => state),
    ['fine', 'fine'],
  );
});

test('a narrow way out is told with the MTU that fits it', async () => {
  const [result] = await checkRoutes(ip({ 4: 'wwan0' }, 1430), 1400);
  assert.equal(result?.state, 'uneasy');
  assert.match(result?.mend ?? '', /interface\.mtu to 1352/);
});

test('a host without an IPv4 way out is told, one without IPv6 is usual', async () => {
  const results = await checkRoutes(ip({}, 1500), 1400);
  assert.deepEqual(
    results.map(({ id, state }) => [id, state]),
    [['route ipv4', 'uneasy']],
  );
});
