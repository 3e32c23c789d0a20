/** An agent's life as systemd leads it: start, status, reload, a second start, stop, kill. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { AgentStatus } from '../../packages/agent/src/control/index.ts';

const namespace = `evio-life-${process.pid}`;
const directory = mkdtempSync(join(tmpdir(), 'evio-life-'));
const socket = join(directory, 'run', 'evio.sock');
const configFile = join(directory, 'evio.yaml');
const main = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url));
const command = ['netns', 'exec', namespace, process.execPath, main];
const agents = new Set<ChildProcess>();

/** There is no XMPP server in this namespace: the agent must come up all the same. */
function configure(settings: { mtu: number; port?: number }): void {
  writeFileSync(
    configFile,
    `name: lonely
state_dir: ${directory}/state
control_socket: ${socket}
listen: { port: ${settings.port ?? 0} }
overlays:
  - name: edge
    xmpp: { jid: lonely@life.test, password_file: password, service: "xmpp://127.0.0.1:5222" }
    interface: { name: evio0, address: [10.10.0.1/16], mtu: ${settings.mtu} }
`,
  );
}

before(() => {
  execFileSync('ip', ['netns', 'add', namespace]);
  execFileSync('ip', ['-netns', namespace, 'link', 'set', 'lo', 'up']);
  writeFileSync(join(directory, 'password'), 'secret-password\n', { mode: 0o600 });
  configure({ mtu: 1400 });
});
after(async () => {
  for (const agent of agents) await kill(agent, 'SIGKILL');
  execFileSync('ip', ['netns', 'del', namespace]);
  rmSync(directory, { recursive: true, force: true });
});

const evio = (...args: string[]) =>
  spawnSync('ip', [...command, ...args], {
    encoding: 'utf8',
    env: { ...process.env, EVIO_SOCKET: socket },
  });
const status = (): AgentStatus => JSON.parse(evio('status', '--json').stdout);
const tapMtu = () =>
  JSON.parse(
    execFileSync('ip', ['-netns', namespace, '-json', 'link', 'show', 'evio0'], {
      encoding: 'utf8',
    }),
  )[0].mtu;

/** Ends an agent and tells how it ended. */
async function kill(agent: ChildProcess, signal: NodeJS.Signals): Promise<number | string | null> {
  agents.delete(agent);
  if (agent.exitCode !== null || agent.signalCode !== null) return agent.exitCode;
  const exited = once(agent, 'exit');
  agent.kill(signal);
  const [code, by] = await exited;
  return code ?? by;
}

interface Running {
  readonly agent: ChildProcess;
  /** The next line of its log that has this in it. */
  logs(text: string): Promise<Record<string, unknown>>;
  readonly lines: string[];
}

/** Starts an agent and waits until it answers; `ip netns exec` becomes it, so its pid is the agent's. */
async function up(): Promise<Running> {
  const agent = spawn('ip', [...command, 'up', '--config', configFile], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  agents.add(agent);
  assert.ok(agent.stdout);
  const lines: string[] = [];
  const log = createInterface({ input: agent.stdout });
  const iterator = log[Symbol.asyncIterator]();
  const logs = async (text: string): Promise<Record<string, unknown>> => {
    for (;;) {
      const { value, done } = await iterator.next();
      assert.ok(!done, `the agent ended before it logged "${text}":\n${lines.join('\n')}`);
      lines.push(value);
      if (value.includes(text)) return JSON.parse(value);
    }
  };
  await logs('"started"');
  for (let tries = 0; tries < 100 && evio('status').status !== 0; tries++);
  return { agent, logs, lines };
}

test('an agent comes up without its server, answers, and stops when told', {
  timeout: 60_000,
}, async () => {
  const { agent, lines } = await up();
  const { overlays, node, rssBytes } = status();
  assert.equal(node.name, 'lonely');
  assert.equal(overlays[0]?.interface, 'evio0');
  assert.notEqual(overlays[0]?.signaling.state, 'online');
  assert.ok(rssBytes > 0);
  assert.equal(await kill(agent, 'SIGTERM'), 0);
  assert.ok(!existsSync(socket), 'the control socket is removed');
  assert.equal(tapMtu(), 1400, 'the TAP stays');
  assert.ok(!lines.join().includes('secret-password'));
});

test('a second agent on the same state is refused', { timeout: 60_000 }, async () => {
  const { agent } = await up();
  const second = evio('up', '--config', configFile);
  assert.equal(second.status, 1);
  assert.match(second.stderr, /another agent is running/);
  assert.equal(await kill(agent, 'SIGINT'), 0);
});

test('a reload applies what it can and says what waits for a restart', {
  timeout: 60_000,
}, async () => {
  const { agent } = await up();
  configure({ mtu: 1300, port: 41_000 });
  const { status: code, stdout, stderr } = evio('reload');
  assert.equal(code, 0, stderr);
  assert.match(stdout, /applied: .*interface\.mtu: 1400 → 1300/);
  assert.match(stdout, /needs a restart: .*listen\.port: 0 → 41000/);
  assert.equal(tapMtu(), 1300);
  writeFileSync(configFile, `${readFileSync(configFile, 'utf8')}nmae: x\n`);
  const wrong = evio('reload');
  assert.equal(wrong.status, 2);
  assert.match(wrong.stderr, /nmae: unknown key; did you mean "name"\?/);
  configure({ mtu: 1350 });
  agent.kill('SIGHUP');
  for (let tries = 0; tries < 100 && tapMtu() !== 1350; tries++);
  assert.equal(tapMtu(), 1350, 'SIGHUP does the same');
  await kill(agent, 'SIGTERM');
});

test('after kill -9 an agent starts again at once, with its identity and its TAP', {
  timeout: 60_000,
}, async () => {
  const first = await up();
  const { id } = status().node;
  assert.equal(await kill(first.agent, 'SIGKILL'), 'SIGKILL');
  assert.ok(existsSync(socket), 'the socket is left over');
  const second = await up();
  assert.equal(status().node.id, id);
  await kill(second.agent, 'SIGTERM');
});
