/** STUN and TURN of a hub in a network namespace, with the credentials that XMPP gives out. */
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { Hub } from '@evio/hub';
import { scratch } from './scratch.ts';
import type { Service } from './services-in-namespace.ts';

const run = promisify(execFile);
const ADDRESS = '198.51.100.10';
const ADDRESS6 = '2001:db8::10';
const netns = `evio-hub-${randomUUID().slice(0, 8)}`;
const inside = (...command: string[]) => ['netns', 'exec', netns, ...command];
const place = scratch();
let hub: Hub;
let services: Service[] = [];

before(async () => {
  execFileSync('ip', ['netns', 'add', netns]);
  execFileSync('ip', ['-n', netns, 'link', 'set', 'lo', 'up']);
  for (const address of [ADDRESS, ADDRESS6, '10.99.0.1', 'fd00::1']) {
    execFileSync('ip', ['-n', netns, 'address', 'add', address, 'dev', 'lo']);
  }
  hub = await Hub.start({
    dir: join(place.dir, 'hub'),
    domain: 'hub.test',
    addresses: [ADDRESS, ADDRESS6],
    ports: { relayMin: 50_000, relayMax: 50_100 },
    netns,
  });
  services = await askForServices();
});
after(async () => {
  await hub?.stop();
  spawnSync('ip', ['netns', 'delete', netns]);
  place[Symbol.dispose]();
});

/** Logs in from inside the namespace and asks for XEP-0215 services. */
async function askForServices(): Promise<Service[]> {
  const node = await hub.addNode('asker');
  const script = join(import.meta.dirname, 'services-in-namespace.ts');
  const { stdout } = await run('ip', inside(process.execPath, script, JSON.stringify(node)));
  return JSON.parse(stdout);
}

function credentials(type: string, transport: string): string[] {
  const service = services.find(each => each.type === type && each.transport === transport);
  assert.ok(
    service?.username !== undefined && service.password !== undefined,
    `${type} ${transport}`,
  );
  return ['-p', String(service.port), '-u', service.username, '-w', service.password];
}

/** coturn's own client; what it prints is its verdict, its exit code isn't always. */
async function uclient(...args: string[]): Promise<string> {
  const server = args.includes('-x') ? ADDRESS6 : ADDRESS;
  const { stdout, stderr } = await run('ip', inside('turnutils_uclient', '-c', ...args, server), {
    timeout: 20_000,
  }).catch((error: { stdout?: string; stderr?: string }) => ({
    stdout: error.stdout ?? '',
    stderr: error.stderr ?? '',
  }));
  return stdout + stderr;
}

/** Allocates over TLS and asks for permission to reach the peers: 0, or the error's code. */
async function relayOverTls(
  ...peers: string[]
): Promise<{ allocated: boolean; permissions: Record<string, number> }> {
  const [, port = '', , user = '', , password = ''] = credentials('turns', 'tcp');
  const script = join(import.meta.dirname, 'tls-relay.ts');
  const ca = join(hub.dir, 'ca.pem');
  const { stdout } = await run(
    'ip',
    inside(process.execPath, script, ADDRESS, port, user, password, ca, ...peers),
    { timeout: 10_000 },
  );
  return JSON.parse(stdout);
}

test('the XMPP server names STUN, and TURN over UDP, TCP and TLS with credentials', () => {
  const kinds = services.map(({ type, transport, host, port }) => [type, transport, host, port]);
  const expected = [ADDRESS, ADDRESS6].flatMap(address => [
    ['stun', 'udp', address, 3478],
    ['turn', 'udp', address, 3478],
    ['turn', 'tcp', address, 3478],
    ['turns', 'tcp', address, 5349],
  ]);
  assert.deepEqual(kinds, expected);
  const days = (Date.parse(services[1]?.expires ?? '') - Date.now()) / 86_400_000;
  assert.ok(days > 2.9 && days < 3.1, `credentials are good for ${days} days`);
});

test('the credentials allocate relays that reach each other', async () => {
  const said = await uclient('-y', '-n', '5', '-z', '5', ...credentials('turn', 'udp'));
  assert.match(said, /tot_send_msgs=10, tot_recv_msgs=10/);
});

test('TURN over TCP works too', async () => {
  const said = await uclient('-y', '-n', '5', '-z', '5', '-t', ...credentials('turn', 'tcp'));
  assert.match(said, /tot_send_msgs=10, tot_recv_msgs=10/);
});

test('over TLS, a relay reaches the hub and the world; itself and private networks never', async () => {
  const { allocated, permissions } = await relayOverTls(
    ADDRESS,
    '203.0.113.7',
    '127.0.0.1',
    '0.0.0.0',
    '169.254.169.254',
    '10.99.0.1',
    '192.168.1.1',
  );
  assert.ok(allocated);
  assert.deepEqual(permissions, {
    [ADDRESS]: 0,
    '203.0.113.7': 0,
    '127.0.0.1': 403,
    '0.0.0.0': 403,
    '169.254.169.254': 403,
    '10.99.0.1': 403,
    '192.168.1.1': 403,
  });
});

test('it is the same over IPv6', async () => {
  const six = ['-x', '-n', '5', '-z', '5', ...credentials('turn', 'udp')];
  assert.match(await uclient('-y', ...six), /tot_send_msgs=10, tot_recv_msgs=10/);
  assert.match(await uclient('-e', '::1', ...six), /403|Forbidden/i);
  assert.match(await uclient('-e', 'fd00::1', ...six), /403|Forbidden/i);
});

test('a wrong password allocates nothing', async () => {
  const [, port = '', , user = ''] = credentials('turn', 'udp');
  const said = await uclient('-y', '-n', '1', '-p', port, '-u', user, '-w', 'wrong');
  assert.doesNotMatch(said, /tot_recv_msgs=[1-9]/);
  assert.match(said, /error|Cannot/i);
});

test('private networks are reached when that is allowed, loopback still not', async () => {
  await hub.stop();
  hub = await Hub.start({ dir: hub.dir, domain: 'hub.test', privatePeers: true, netns });
  const { permissions } = await relayOverTls('10.99.0.1', '127.0.0.1');
  assert.deepEqual(permissions, { '10.99.0.1': 0, '127.0.0.1': 403 });
});

test('the servers run without privileges, in the namespace', () => {
  for (const pid of [hub.pids.xmpp, hub.pids.turn]) {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    assert.doesNotMatch(status, /^Uid:\s+0\b/m);
    assert.match(status, /^CapEff:\s+0{16}$/m);
    assert.match(status, /^NoNewPrivs:\s+1$/m);
    const pids = execFileSync('ip', ['netns', 'pids', netns], { encoding: 'utf8' });
    assert.ok(pids.split('\n').includes(String(pid)));
  }
});
