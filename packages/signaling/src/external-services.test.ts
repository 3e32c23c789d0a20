import assert from 'node:assert/strict';
import { test } from 'node:test';
import xml from '@xmpp/xml';
import {
  applyPush,
  type RawIceServer,
  REFRESH,
  refreshDelay,
  serversFrom,
  withoutCredentials,
} from './external-services.ts';
import { NS_EXTDISCO } from './namespaces.ts';

const services = (...list: Record<string, string>[]) =>
  xml('services', { xmlns: NS_EXTDISCO }, ...list.map(attrs => xml('service', attrs)));

test('services become ICE servers', () => {
  assert.deepEqual(
    serversFrom(
      services(
        { type: 'stun', host: '192.0.2.1', port: '3478', transport: 'udp' },
        {
          type: 'turns',
          host: 'turn.example.org',
          port: '443',
          transport: 'tcp',
          username: 'u',
          password: 'p',
          expires: '2030-01-01T00:00:00Z',
        },
        { type: 'turn', host: '2001:db8::1' },
      ),
    ),
    [
      { kind: 'stun', transport: 'udp', host: '192.0.2.1', port: 3478 },
      {
        kind: 'turn',
        transport: 'tls',
        host: 'turn.example.org',
        port: 443,
        username: 'u',
        credential: 'p',
        expiresAt: Date.UTC(2030, 0, 1),
      },
      { kind: 'turn', transport: 'udp', host: '2001:db8::1', port: 3478 },
    ] satisfies RawIceServer[],
  );
});

test('what we cannot use is left out', () => {
  const list = services(
    { type: 'ftp', host: 'x', port: '21' },
    { type: 'turns', host: 'x', transport: 'udp' },
    { type: 'stun', host: '', port: '1' },
    { type: 'stun', host: 'a b', port: '1' },
    { type: 'stun', host: 'x', port: '0' },
    { type: 'stun', host: 'x', port: '70000' },
    { type: 'stun', host: 'x', transport: 'sctp' },
  );
  assert.deepEqual(serversFrom(list), []);
  assert.deepEqual(serversFrom(undefined), []);
});

test('a service that is offered without its credentials is asked about', () => {
  const list = services(
    { type: 'turn', host: 'a' },
    { type: 'turn', host: 'b', username: 'u', password: 'p' },
    { type: 'stun', host: 'c' },
    { type: 'stun', host: 'd', restricted: 'true' },
  );
  assert.deepEqual(
    withoutCredentials(list).map(({ attrs }) => attrs.host),
    ['a', 'd'],
  );
});

test('a push adds, modifies and deletes', () => {
  const before = serversFrom(services({ type: 'stun', host: 'a' }, { type: 'turn', host: 'b' }));
  const after = applyPush(
    before,
    services(
      { action: 'delete', type: 'stun', host: 'a' },
      { action: 'modify', type: 'turn', host: 'b', username: 'u', password: 'p' },
      { action: 'add', type: 'stun', host: 'c' },
    ),
  );
  assert.deepEqual(
    after.map(({ host, username }) => [host, username]),
    [
      ['b', 'u'],
      ['c', undefined],
    ],
  );
});

test('credentials are renewed after three quarters of the shortest life', () => {
  const server = { kind: 'turn', transport: 'udp', host: 'a', port: 1 } as const;
  const now = 1_000_000;
  const living = (ms: number) => ({ ...server, expiresAt: now + ms });
  assert.equal(refreshDelay([living(600_000), living(3_000_000)], now), 450_000);
  assert.equal(refreshDelay([living(5000)], now), REFRESH.leastMs);
  assert.equal(refreshDelay([living(-5000)], now), REFRESH.leastMs);
  assert.equal(refreshDelay([server, living(864e5)], now), REFRESH.mostMs);
});
