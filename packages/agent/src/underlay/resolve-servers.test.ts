import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type NamedServer, resolveServers } from './resolve-servers.ts';

const turn: NamedServer = {
  kind: 'turn',
  transport: 'tls',
  host: 'turn.example.org',
  port: 5349,
  username: 'u',
  credential: 'c',
};

test('a name becomes one entry per address and stays the name for TLS', async () => {
  const lookUp = async () => ['192.0.2.1', '2001:db8::1'];
  const { servers, errors } = await resolveServers([turn], 0, lookUp);
  assert.deepEqual(errors, []);
  assert.deepEqual(
    servers.map(({ endpoint }) => endpoint),
    [
      { address: '192.0.2.1', port: 5349 },
      { address: '2001:db8::1', port: 5349 },
    ],
  );
  assert.ok(servers.every(({ serverName }) => serverName === 'turn.example.org'));
});

test('a name that is not found is reported and does not hold up the others', async () => {
  const lookUp = async (host: string) => {
    if (host === 'gone.example.org') throw new Error('ENOTFOUND');
    return ['192.0.2.1'];
  };
  const gone = { ...turn, host: 'gone.example.org' };
  const { servers, errors } = await resolveServers([gone, turn], 0, lookUp);
  assert.equal(servers.length, 1);
  assert.deepEqual(
    errors.map(({ code }) => code),
    ['SERVER_UNKNOWN'],
  );
});

test('an address needs no look-up, and a credential’s end counts on our clock', async () => {
  const lookUp = async () => assert.fail('nothing to look up');
  const expiresAt = Date.now() + 60_000;
  const server = { ...turn, host: '192.0.2.9', expiresAt };
  const { servers } = await resolveServers([server], 1_000, lookUp);
  const left = (servers[0]?.expiresAt ?? 0) - 1_000;
  assert.ok(left > 50_000 && left <= 60_000, `${left} ms left`);
});
