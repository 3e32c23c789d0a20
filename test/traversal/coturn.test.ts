import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type IceServer, wireCandidate } from '@evio/traversal';
import { SocketPeer } from './socket-peer.ts';

// The TURN client against a real coturn, on loopback. Its nonces end after one second.

let directory: string;
let server: ChildProcess;
let port: number;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'evio-coturn-'));
  port = await freePort();
  const options = [
    '--listening-ip=127.0.0.1',
    '--relay-ip=127.0.0.1',
    `--listening-port=${port}`,
    '--lt-cred-mech',
    '--user=user:secret',
    '--realm=example.org',
    '--stale-nonce=1',
    '--allow-loopback-peers',
    '--no-cli',
    '--no-tls',
    '--no-dtls',
    '--log-file=stdout',
    `--userdb=${join(directory, 'turndb')}`,
    `--pidfile=${join(directory, 'pid')}`,
  ];
  const log = await open(join(directory, 'log'), 'w');
  server = spawn('turnserver', ['-n', ...options], { stdio: ['ignore', log.fd, log.fd] });
  await log.close();
  try {
    // It makes a database first, which a busy disk may keep it from for a while.
    await eventually('coturn listens', () => canConnect(port), 20_000);
  } catch (error) {
    const said = await readFile(join(directory, 'log'), 'utf8');
    throw new Error(`coturn does not listen on port ${port}; it said: ${said}`, { cause: error });
  }
});

after(async () => {
  if (server.exitCode === null) {
    server.kill();
    await once(server, 'exit');
  }
  await rm(directory, { recursive: true });
});

test('a relay by UDP and one by TCP, and a path from one to the other', async () => {
  const one = await SocketPeer.open('controlling');
  const two = await SocketPeer.open('controlled');
  try {
    one.start(servers('udp'));
    two.start(servers('tcp'));
    await relayed(one);
    await relayed(two);
    introduce(one, two);
    await eventually('both have a path', () => Boolean(one.agent.selected && two.agent.selected));
    assert.ok(one.agent.selected?.relayed && two.agent.selected?.relayed);
    await exchange(one, two);

    const relays = [relayPort(one), relayPort(two)];
    // Two nonces later everything still works: permissions, channels, refreshes.
    await sleep(2500);
    one.gatherer.verify(performance.now());
    two.gatherer.verify(performance.now());
    await sleep(300);
    assert.deepEqual([relayPort(one), relayPort(two)], relays);
    await exchange(one, two);
    assert.equal(one.agent.state, 'connected');
  } finally {
    one.close();
    two.close();
  }
});

test('after a kill the same port has a relay again, though the server still holds the old one', async () => {
  const first = await SocketPeer.open('controlling');
  first.start(servers('udp'));
  await relayed(first);
  const { port: local } = first;
  const before = relayPort(first);
  first.close({ graceful: false });
  const second = await SocketPeer.open('controlling', local);
  try {
    second.start(servers('udp'));
    await relayed(second);
    assert.notEqual(relayPort(second), before);
  } finally {
    second.close();
  }
});

test('wrong credentials are said to be wrong', async () => {
  const peer = await SocketPeer.open('controlling');
  try {
    peer.start(servers('udp').map(entry => ({ ...entry, credential: 'wrong' })));
    await eventually('it gives up', () => peer.gatherer.describeRelays()[0]?.error !== undefined);
    assert.match(peer.gatherer.describeRelays()[0]?.error ?? '', /401/);
  } finally {
    peer.close();
  }
});

function servers(transport: 'udp' | 'tcp'): IceServer[] {
  const endpoint = { address: '127.0.0.1', port };
  return [{ kind: 'turn', transport, endpoint, username: 'user', credential: 'secret' }];
}

function relayPort({ gatherer }: SocketPeer): number | undefined {
  return gatherer.candidates.find(({ type }) => type === 'relay')?.endpoint.port;
}

function relayed(peer: SocketPeer): Promise<void> {
  return eventually('there is a relay', () => relayPort(peer) !== undefined);
}

/** Each learns the other's relay only. */
function introduce(one: SocketPeer, two: SocketPeer): void {
  for (const [from, to] of [
    [one, two],
    [two, one],
  ] as const) {
    to.agent.setRemote(performance.now(), from.agent.credentials);
    for (const candidate of from.gatherer.candidates) {
      if (candidate.type !== 'relay') continue;
      to.agent.addRemoteCandidate(performance.now(), wireCandidate(candidate));
    }
  }
}

async function exchange(one: SocketPeer, two: SocketPeer): Promise<void> {
  one.received.length = 0;
  two.received.length = 0;
  one.send('to two');
  two.send('to one');
  await eventually('both have heard', () => one.received.length > 0 && two.received.length > 0);
  assert.deepEqual([one.received[0], two.received[0]], ['to one', 'to two']);
}

async function eventually(
  what: string,
  is: () => boolean | Promise<boolean>,
  patienceMs = 5_000,
): Promise<void> {
  for (let waited = 0; waited < patienceMs; waited += 20) {
    if (await is()) return;
    await sleep(20);
  }
  assert.fail(`not within ${patienceMs} ms: ${what}`);
}

async function canConnect(to: number): Promise<boolean> {
  const socket = connect(to, '127.0.0.1');
  const answer = await Promise.race([
    once(socket, 'connect').then(() => true),
    once(socket, 'error').then(() => false),
  ]).catch(() => false);
  socket.destroy();
  return answer;
}

/** A port that is free for both UDP and TCP. */
async function freePort(): Promise<number> {
  for (;;) {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const { port: free } = socket.address();
    const listener = createServer().listen(free, '127.0.0.1');
    const both = await once(listener, 'listening').then(
      () => true,
      () => false,
    );
    listener.close();
    socket.close();
    if (both) return free;
  }
}
