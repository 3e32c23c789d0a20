/** `evio hub` as a user runs it: what it prints, what it leaves, what it survives. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Hub, type HubPorts } from '@evio/hub';
import { freePorts } from './free-ports.ts';
import { scratch } from './scratch.ts';
import { XmppLogin } from './xmpp-login.ts';

const ENTRY = join(import.meta.dirname, 'evio-hub.ts');
const place = scratch();
const dir = join(place.dir, 'hub');
let ports: HubPorts;
before(async () => {
  ports = await freePorts();
});
after(() => place[Symbol.dispose]());

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function evio(...args: string[]): Promise<Outcome> {
  return new Promise(resolve => {
    const child = execFile(process.execPath, [ENTRY, 'hub', ...args], (_error, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

function init(...more: string[]): Promise<Outcome> {
  const portOptions = ['--xmpp-port', ports.xmpp, '--xmpps-port', ports.xmpps].concat(
    ['--turn-port', ports.turn, '--turns-port', ports.turns].map(String),
  );
  const fixed = ['--domain', 'hub.test', '--dir', dir, '--address', '127.0.0.1'];
  return evio('init', ...fixed, ...portOptions.map(String), ...more);
}

/** Starts `evio hub up` and waits for its line. */
async function up(): Promise<{ child: ChildProcess; servers: number[] }> {
  const child = spawn(process.execPath, [ENTRY, 'hub', 'up', '--dir', dir]);
  let log = '';
  child.stderr?.on('data', chunk => {
    log += chunk;
  });
  const [line] = await Promise.race([
    once(child.stdout ?? child, 'data'),
    once(child, 'exit').then(() => [`ended\n${log}`]),
  ]);
  assert.equal(String(line), 'ready\n');
  const servers = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .map(Number);
  assert.equal(servers.length, 2);
  return { child, servers };
}

/** Whether a process runs (and isn't only waiting for its parent to look). */
function runs(pid: number): boolean {
  const file = `/proc/${pid}/stat`;
  return existsSync(file) && !/\) Z /.test(readFileSync(file, 'utf8'));
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 8_000;
  while (!holds()) {
    assert.ok(performance.now() < deadline, `${what} within 8 s`);
    await sleep(20);
  }
}

test('init writes files that others can’t read, and says what to open', async () => {
  const { code, stdout, stderr } = await init();
  assert.equal(code, 0, stderr);
  assert.match(stdout, new RegExp(`TCP ${ports.xmpp}, ${ports.xmpps} \\(XMPP\\)`));
  for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || /\.(pem|crt)$/.test(entry.name)) continue;
    const path = join(entry.parentPath, entry.name);
    assert.equal(statSync(path).mode & 0o007, 0, path);
  }
  for (const secret of ['hub.json', 'ca.key']) {
    assert.equal(statSync(join(dir, secret)).mode & 0o777, 0o600, secret);
  }
});

test('init and add-node again change nothing and print the same', async () => {
  const snapshot = () =>
    readdirSync(dir, { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile() && entry.name !== 'hub.json')
      .map(({ parentPath, name }) => {
        const path = join(parentPath, name);
        return [path, statSync(path).mtimeMs, readFileSync(path, 'utf8')];
      });
  const added = await evio('add-node', 'edge-a', '--dir', dir);
  assert.equal(added.code, 0, added.stderr);
  assert.match(added.stdout, /jid: edge-a@hub.test/);
  const before = snapshot();
  assert.deepEqual(await evio('add-node', 'edge-a', '--dir', dir), added);
  await init();
  assert.deepEqual(snapshot(), before);
});

test('what init, remove-node and uninvite did they say as JSON, without secrets', async () => {
  const told = async (outcome: Promise<Outcome>) => {
    const { code, stdout, stderr } = await outcome;
    assert.equal(code, 0, stderr);
    assert.equal(stderr, '');
    return JSON.parse(stdout);
  };
  const made = await told(init('--json'));
  assert.equal(made.domain, 'hub.test');
  assert.equal(made.ports.xmpp, ports.xmpp);
  assert.deepEqual(made.overlays, [{ name: 'edge', pool: '10.10.0.0/16' }]);
  assert.doesNotMatch(JSON.stringify(made), /secret/i);
  const here = ['--dir', dir, '--json'];
  assert.equal((await evio('add-node', 'edge-z', '--dir', dir)).code, 0);
  const removed = await told(evio('remove-node', 'edge-z', ...here));
  assert.equal(removed.jid, 'edge-z@hub.test');
  assert.equal(removed.password, undefined);
  const invited = await told(evio('invite', 'edge-z', ...here));
  const taken = await told(evio('uninvite', 'edge-z', ...here));
  assert.deepEqual(taken.addresses, invited.addresses);
});

test('up runs both servers until SIGTERM and leaves nothing', async () => {
  const { child, servers } = await up();
  const node = JSON.parse((await evio('add-node', 'edge-a', '--json', '--dir', dir)).stdout);
  const login = await XmppLogin.as({ ...node, ca: readFileSync(node.caFile, 'utf8') });
  login.close();
  child.kill('SIGTERM');
  const [code] = await once(child, 'exit');
  assert.equal(code, 0);
  assert.deepEqual(servers.filter(runs), []);
});

test('a killed supervisor takes its servers with it', async () => {
  const { child, servers } = await up();
  child.kill('SIGKILL');
  await once(child, 'exit');
  await until('the servers end', () => !servers.some(runs));
});

test('a server that dies comes back', async () => {
  const hub = await Hub.up(dir);
  try {
    for (const name of ['xmpp', 'turn'] as const) {
      const first = hub.pids[name] ?? 0;
      process.kill(first, 'SIGKILL');
      await until(`${name} is back`, () => ![first, undefined].includes(hub.pids[name]));
    }
    await hub.stopXmpp();
    assert.equal(hub.pids.xmpp, undefined);
    assert.notEqual(hub.pids.turn, undefined);
    await hub.startXmpp();
    const node = await hub.addNode('edge-a');
    (await XmppLogin.as({ ...node, ca: hub.ca })).close();
  } finally {
    await hub.stop();
  }
});

test('a taken port is an error at once, and nothing stays running', async () => {
  const other = createServer().listen(ports.xmpps, '127.0.0.1');
  await once(other, 'listening');
  try {
    const { code, stdout, stderr } = await evio('up', '--dir', dir);
    assert.equal(code, 2);
    assert.equal(stdout, '');
    assert.match(stderr, new RegExp(`SERVER_FAILED: xmpp: .*${ports.xmpps}`));
  } finally {
    other.close();
  }
});

test('edited files are kept, and --force replaces them', async () => {
  const config = join(dir, 'coturn', 'turnserver.conf');
  appendFileSync(config, 'verbose\n');
  const { code, stderr } = await init('--turns-port', '5350');
  assert.equal(code, 2);
  assert.match(stderr, /^FILE_NOT_OURS: .*turnserver\.conf/m);
  assert.match(readFileSync(config, 'utf8'), /^verbose$/m);
  assert.equal((await init('--force')).code, 0);
  assert.doesNotMatch(readFileSync(config, 'utf8'), /^verbose$/m);
});

test('what a hub can’t be is refused before anything is written', async () => {
  const elsewhere = join(place.dir, 'other');
  const refused = async (pattern: RegExp, ...args: string[]) => {
    const { code, stderr } = await evio(...args);
    assert.notEqual(code, 0);
    assert.match(stderr, pattern);
  };
  const newHub = ['init', '--domain', 'hub.test', '--dir', elsewhere];
  await refused(/HUB_MISSING/, 'up', '--dir', elsewhere);
  await refused(/HUB_MISSING/, 'list', '--dir', elsewhere);
  await refused(/DOMAIN_INVALID/, 'init', '--domain', 'a b', '--dir', elsewhere);
  await refused(/POOL_INVALID/, ...newHub, '--overlay', 'x=10.0.0.1/8');
  await refused(/ADDRESS_INVALID/, ...newHub, '--address', 'hub.test');
  assert.ok(!existsSync(elsewhere));
  await refused(/HUB_DOMAIN_FIXED/, 'init', '--domain', 'other.test', '--dir', dir);
  await refused(/NODE_NAME_INVALID/, 'add-node', '../../etc', '--dir', dir);
  await refused(/OVERLAY_UNKNOWN/, 'add-node', 'edge-b', '--overlay', 'egde', '--dir', dir);
  assert.deepEqual(await evio('list', '--dir', dir), {
    code: 0,
    stdout: 'edge-a@hub.test  edge 10.10.0.1/16\n',
    stderr: '',
  });
});

test('an overlay can be added later, with its own network', async () => {
  const { code, stdout, stderr } = await init(
    '--overlay',
    'cloud',
    '--overlay',
    'lab=10.60.0.0/24',
  );
  assert.equal(code, 0, stderr);
  assert.match(
    stdout,
    /edge: 10\.10\.0\.0\/16\n.*cloud: 10\.11\.0\.0\/16\n.*lab: 10\.60\.0\.0\/24/,
  );
  const added = await evio('add-node', 'edge-a', '--overlay', 'cloud', 'lab', '--dir', dir);
  for (const line of ['10.10.0.1/16', '10.11.0.1/16', '10.60.0.1/24', 'name: evio2']) {
    assert.ok(added.stdout.includes(line), added.stdout);
  }
});

test('many nodes added at once get addresses of their own', async () => {
  const names = Array.from({ length: 8 }, (_, index) => `many-${index}`);
  const hub = await Hub.up(dir, { xmpp: false, turn: false });
  const nodes = await Promise.all(names.map(name => hub.addNode(name)));
  assert.equal(
    new Set(nodes.map(({ addresses }) => Object.values(addresses)[0])).size,
    names.length,
  );
});
