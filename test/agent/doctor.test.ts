/** The doctor and the hub's commands on a real Prosody and coturn, in a network namespace. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { CheckResult } from '../../packages/agent/src/doctor/index.ts';

const ADDRESS = '10.99.0.1';
const namespace = `evio-doctor-${process.pid}`;
const directory = mkdtempSync(join(tmpdir(), 'evio-doctor-'));
// The servers, which do not run as root, must get in.
chmodSync(directory, 0o711);
const main = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url));
const inNamespace = ['netns', 'exec', namespace, process.execPath, main];
const hubDir = join(directory, 'hub');
let hub: ChildProcess | undefined;
let configFile = '';

/** Runs `evio` in the namespace, from the source. */
function evio(...args: string[]) {
  return spawnSync('ip', [...inNamespace, ...args], { encoding: 'utf8' });
}

before(async () => {
  execFileSync('ip', ['netns', 'add', namespace]);
  const lines = [
    'link set lo up',
    'link add eth0 type veth peer name eth0-end',
    'link set eth0-end up',
    `address add ${ADDRESS}/24 dev eth0`,
    'link set eth0 up',
    'route add default via 10.99.0.254',
  ];
  execFileSync('ip', ['-netns', namespace, '-batch', '-'], { input: `${lines.join('\n')}\n` });
  const init = evio(
    'hub',
    'init',
    '--domain',
    'doctor.test',
    '--dir',
    hubDir,
    '--address',
    ADDRESS,
  );
  assert.equal(init.status, 0, init.stderr);
  const added = evio('hub', 'add-node', 'patient', '--dir', hubDir, '--json');
  assert.equal(added.status, 0, added.stderr);
  configFile = JSON.parse(added.stdout).configFile;
  hub = spawn('ip', [...inNamespace, 'hub', 'up', '--dir', hubDir], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  assert.ok(hub.stdout);
  const [ready] = await once(hub.stdout, 'data');
  assert.equal(String(ready), 'ready\n');
});

after(async () => {
  if (hub && hub.exitCode === null) {
    hub.kill('SIGTERM');
    await once(hub, 'exit');
  }
  execFileSync('ip', ['netns', 'del', namespace]);
  rmSync(directory, { recursive: true, force: true });
});

function examine(file: string): { code: number | null; checks: Map<string, CheckResult> } {
  const { status, stdout, stderr } = evio('doctor', '--config', file, '--json');
  assert.notEqual(stdout, '', stderr);
  const { checks } = JSON.parse(stdout) as { checks: CheckResult[] };
  return { code: status, checks: new Map(checks.map(check => [check.id, check])) };
}

test('a host with a hub that works is fine', () => {
  const { code, checks } = examine(configFile);
  const said = JSON.stringify([...checks.values()], null, 1);
  for (const id of ['tun', 'capabilities', 'offloads', 'config', 'route ipv4', 'xmpp edge']) {
    assert.equal(checks.get(id)?.state, 'fine', `${id} in ${said}`);
  }
  assert.match(checks.get(`nat edge ${ADDRESS}`)?.finding ?? said, /none: the address is public/);
  assert.match(checks.get('agent')?.finding ?? said, /no agent answers/);
  assert.equal(code, 0);
});

test('a wrong password is found, with what to look at', () => {
  const text = readFileSync(configFile, 'utf8');
  const password = join(directory, 'wrong.password');
  writeFileSync(password, 'not this\n', { mode: 0o600 });
  const file = join(configFile, '..', 'wrong.yaml');
  writeFileSync(file, text.replace(/password_file: [^,}\s]+/, `password_file: ${password}`));
  const { code, checks } = examine(file);
  const check = checks.get('xmpp edge');
  assert.equal(check?.state, 'broken', JSON.stringify([...checks.values()]));
  assert.match(check.mend ?? '', /password_file/);
  assert.equal(code, 1);
});

test('without a configuration the host is examined all the same', () => {
  const { code, checks } = examine('/nowhere.yaml');
  assert.equal(checks.get('config')?.state, 'broken');
  assert.equal(checks.get('tun')?.state, 'fine');
  assert.equal(code, 1);
});
