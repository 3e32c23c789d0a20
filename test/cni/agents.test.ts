import assert from 'node:assert/strict';
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { run } from '../lab/command.ts';
import { type Agent, iperf, Lab, Namespace, PingStream } from '../lab/index.ts';
import { SHIM } from './cni-node.ts';
import { Runtime, Sandbox } from './runtime.ts';

// Three nodes behind different NATs whose agents are the CNI plugin: they divide the pod network among
// themselves by their records, and a runtime on each calls the shim.

/** Of four parts of the pod network all of them want the first: where one begins follows from its account. */
const NODES = ['n0', 'n4', 'n8'] as const;
const PARTS = { pod_cidr: ['10.244.0.0/16', 'fd00:244::/48'], node_bits: 2 };

let lab: Lab;
const agents: Agent[] = [];

before(async () => {
  lab = await Lab.create({
    hub: true,
    sites: {
      home: { nat: 'port-restricted', hosts: ['n0'] },
      office: { nat: 'symmetric', hosts: ['n4'] },
      cafe: { nat: 'full-cone', hosts: ['n8'] },
    },
  });
  const starting = NODES.map(name =>
    lab.agent(name, config => {
      const [overlay] = config.overlays;
      if (overlay) overlay.interface = { ...overlay.interface, address: [] };
      config.cni = { overlay: overlay?.name ?? '', ...PARTS, socket: socketOf(name) };
    }),
  );
  agents.push(...(await Promise.all(starting)));
  for (const name of NODES) {
    await mkdir(binOf(name), { recursive: true });
    await copyFile(SHIM, join(binOf(name), 'evio'));
  }
  for (const agent of agents) {
    for (const other of agents) if (other !== agent) await agent.linkedTo(other, 20_000);
  }
});

after(async () => {
  await lab?.[Symbol.asyncDispose]();
});

const directoryOf = (node: string): string => join(lab.directory, 'agents', node);
const socketOf = (node: string): string => join(directoryOf(node), 'cni.sock');
const binOf = (node: string): string => join(directoryOf(node), 'bin');

function enter(node: string, argv: readonly string[]): string[] {
  return ['nsenter', `--net=/run/netns/${lab.host(node).namespace.name}`, '--', ...argv];
}

/** Calls the plugin on a node as its runtime does. */
function call(node: string, command: string, sandbox?: Sandbox, change: object = {}) {
  const config = {
    cniVersion: '1.1.0',
    name: 'pods',
    type: 'evio',
    socket: socketOf(node),
    pendingDir: join(directoryOf(node), 'state', 'cni', 'pending'),
    isDefaultGateway: true,
    ipMasq: true,
    ...change,
  };
  const runtime = new Runtime(binOf(node), argv => enter(node, argv));
  return runtime.call({ command, config, ...(sandbox && { sandbox }) });
}

async function add(node: string, id: string): Promise<{ sandbox: Sandbox; addresses: string[] }> {
  const sandbox = await Sandbox.create(`evio-${lab.id}-`, id);
  const { code, output } = await call(node, 'ADD', sandbox);
  assert.equal(code, 0, JSON.stringify(output));
  const addresses = output.ips.map(({ address }: { address: string }) => address.split('/')[0]);
  return { sandbox, addresses };
}

async function remove(node: string, sandbox: Sandbox): Promise<void> {
  const { code, output } = await call(node, 'DEL', sandbox);
  assert.equal(code, 0, JSON.stringify(output));
  await sandbox[Symbol.asyncDispose]();
}

async function rangesOf(agent: Agent): Promise<readonly string[]> {
  return (await agent.status()).cni?.ranges ?? [];
}

function agentOf(node: (typeof NODES)[number]): Agent {
  const agent = agents.find(({ name }) => name === node);
  assert.ok(agent);
  return agent;
}

test('nodes that claim one range at once each get another', async () => {
  for (const agent of agents) {
    await agent.until('has a pod range', async () => (await rangesOf(agent)).length === 2, 20_000);
  }
  const ranges = await Promise.all(agents.map(async agent => (await rangesOf(agent))[0]));
  assert.equal(new Set(ranges).size, 3);
  for (const node of NODES) assert.equal((await call(node, 'STATUS')).code, 0);
});

test('pods of all nodes reach each other, and the internet by their node', async () => {
  const pods = await Promise.all(
    NODES.map(async node => ({ node, ...(await add(node, `t-${node}`)) })),
  );
  for (const from of pods) {
    for (const to of pods) {
      for (const address of to.addresses) await from.sandbox.exec(['ping', '-c1', '-W5', address]);
    }
    // The hub is on the lab's internet, where nobody knows a way back to pods.
    await from.sandbox.exec(['ping', '-c1', '-W5', '198.18.250.10']);
  }
  const status = await agentOf('n0').status();
  assert.equal(status.cni?.pods.length, 1);
  for (const { node, sandbox } of pods) await remove(node, sandbox);
});

test('an agent that is killed and comes back breaks no connection of pods, and keeps its range', async () => {
  const a = await add('n0', 'k-a');
  const b = await add('n4', 'k-b');
  const agent = agentOf('n4');
  const before = await rangesOf(agent);
  const [from, to] = [new Namespace(a.sandbox.name), new Namespace(b.sandbox.name)];
  const flow = iperf(from, to, b.addresses[0] ?? '', { seconds: 6 });
  await using pings = new PingStream(new Namespace(a.sandbox.name), b.addresses[0] ?? '');
  await pings.count(5, 10_000);
  await agent.kill9();
  await agent.start();
  assert.deepEqual(await rangesOf(agent), before);
  const after = await pings.replyAfter(Date.now(), 10_000);
  assert.notEqual(after, undefined);
  // It would fail if its connection had broken.
  assert.ok((await flow).bytes > 0);
  const c = await add('n4', 'k-c');
  assert.notEqual(c.addresses[0], b.addresses[0]);
  await c.sandbox.exec(['ping', '-c1', '-W5', a.addresses[0] ?? '']);
  await remove('n0', a.sandbox);
  await remove('n4', b.sandbox);
  await remove('n4', c.sandbox);
});

test('with the hub away, pods come, go and reach each other', async () => {
  await lab.hub.stop();
  const a = await add('n0', 'h-a');
  const b = await add('n8', 'h-b');
  await a.sandbox.exec(['ping', '-c1', '-W5', b.addresses[0] ?? '']);
  await remove('n0', a.sandbox);
  await remove('n8', b.sandbox);
  const { stdout } = await run(enter('n0', ['ip', '-json', 'link', 'show', 'type', 'veth']));
  assert.doesNotMatch(stdout, /evp/);
});
