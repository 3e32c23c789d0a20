import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { run } from '../lab/command.ts';
import { Lab } from '../lab/index.ts';
import { CniNode } from './cni-node.ts';
import { Runtime, Sandbox } from './runtime.ts';

// The shim, the service and the kernel, driven as a runtime does; no agent, no overlay.

let lab: Lab;
let node: CniNode;
let runtime: Runtime;

before(async () => {
  lab = await Lab.create({ sites: { dc: { nat: 'none', hosts: ['n1'] } } });
  node = new CniNode(lab.host('n1'), lab.directory);
  await node.start();
  runtime = new Runtime(node.bin, argv => node.enter(argv));
});

after(async () => {
  await node?.stop();
  await lab?.[Symbol.asyncDispose]();
});

const sandbox = (id: string) => Sandbox.create(`evio-${lab.id}-`, id);

async function add(pod: Sandbox, config: object = {}) {
  const outcome = await runtime.call({ command: 'ADD', config: node.config(config), sandbox: pod });
  assert.equal(outcome.code, 0, outcome.stdout);
  return outcome.output;
}

async function remove(pod: Sandbox, config: object = {}): Promise<void> {
  const outcome = await runtime.call({ command: 'DEL', config: node.config(config), sandbox: pod });
  assert.equal(outcome.code, 0, outcome.stdout);
}

/** IPv4 address of the pod in a result. */
const addressOf = (result: { ips: { address: string }[] }): string =>
  result.ips[0]?.address.split('/')[0] ?? '';

async function expectNothingLeft(): Promise<void> {
  assert.deepEqual(await node.podInterfaces(), []);
  assert.deepEqual(await readdir(join(node.stateDir, 'attachments')), []);
  assert.equal((await node.status()).addresses.taken, 0);
}

test('two pods reach each other, their gateway and the host, in IPv4 and IPv6', async () => {
  await using a = await sandbox('a');
  await using b = await sandbox('b');
  const [ra, rb] = [await add(a), await add(b)];
  for (const [index, gateway] of [
    [0, '10.244.3.1'],
    [1, 'fd00:244:0:300::1'],
  ] as const) {
    for (const address of [rb.ips[index].address.split('/')[0], gateway]) {
      await a.exec(['ping', '-c1', '-W2', address]);
    }
    await run(node.enter(['ping', '-c1', '-W2', ra.ips[index].address.split('/')[0]]));
  }
  const { stdout } = await a.exec(['ip', '-json', 'link', 'show', 'dev', 'eth0']);
  assert.equal(JSON.parse(stdout)[0].mtu, 1400);
  await remove(a);
  await remove(b);
  await expectNothingLeft();
});

test('a pod that gets the address of another is announced to those that knew that one', async () => {
  await using watcher = await sandbox('w');
  await using former = await sandbox('w1');
  await using next = await sandbox('w2');
  await add(watcher);
  const { ips } = await add(former);
  const wanted: string[] = ips.map(({ address }: { address: string }) => address.split('/')[0]);
  for (const address of wanted) await watcher.exec(['ping', '-c1', '-W2', address]);
  await remove(former);
  const { interfaces } = await add(next, { runtimeConfig: { ips: wanted } });
  const { mac } = interfaces.find(({ name }: { name: string }) => name === 'eth0');
  for (const address of wanted) {
    const { stdout } = await watcher.exec(['ip', 'neigh', 'show', 'to', address]);
    assert.match(stdout, new RegExp(mac), address);
  }
  await remove(watcher);
  await remove(next);
});

test('what leaves the pod network is masqueraded, what stays in it is not', async () => {
  await using pod = await sandbox('m');
  await add(pod, { ipMasq: true });
  // The lab's internet has no way back to pods, only to the host.
  await pod.exec(['ping', '-c1', '-W2', '198.18.1.1']);
  const rules = await run(node.enter(['nft', 'list', 'tables']));
  assert.match(rules.stdout, /inet evio_cni_pods_/);
  await remove(pod);
});

test('a pod reaches itself through the bridge only with hairpinMode', async () => {
  await using pod = await sandbox('h');
  await add(pod, { hairpinMode: true });
  const port = (await node.podInterfaces())[0] ?? '';
  const { stdout } = await run(
    node.enter(['ip', '-json', '-details', 'link', 'show', 'dev', port]),
  );
  assert.equal(JSON.parse(stdout)[0].linkinfo.info_slave_data.hairpin, true);
  await remove(pod);
});

test('CHECK holds after ADD and sees when an address is gone', async () => {
  await using pod = await sandbox('k');
  const prevResult = await add(pod);
  const check = () =>
    runtime.call({ command: 'CHECK', config: node.config({ prevResult }), sandbox: pod });
  assert.equal((await check()).code, 0);
  await pod.exec(['ip', 'address', 'flush', 'dev', 'eth0']);
  const { output } = await check();
  assert.equal(output.code, 101);
  await remove(pod);
});

test('an ADD that fails half-way leaves nothing', async () => {
  await using pod = await sandbox('f');
  await pod.exec(['ip', 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'eth1']);
  const { code, output } = await runtime.call({
    command: 'ADD',
    config: node.config(),
    sandbox: pod,
  });
  assert.deepEqual([code, output.code], [1, 100]);
  await expectNothingLeft();
});

test('50 pods at once all get interfaces and addresses of their own, and go without a trace', async () => {
  const pods = await Promise.all(Array.from({ length: 50 }, (_, index) => sandbox(`p${index}`)));
  const before = (await run(node.enter(['nft', 'list', 'ruleset']))).stdout;
  const results = await Promise.all(pods.map(pod => add(pod)));
  assert.equal(new Set(results.map(addressOf)).size, 50);
  assert.equal((await node.podInterfaces()).length, 50);
  await pods[0]?.exec(['ping', '-c1', '-W2', addressOf(results[49])]);
  await Promise.all(pods.map(pod => remove(pod)));
  await expectNothingLeft();
  assert.equal((await run(node.enter(['nft', 'list', 'ruleset']))).stdout, before);
  await Promise.all(pods.map(pod => pod[Symbol.asyncDispose]()));
});

test('GC removes pods that the runtime no longer has', async () => {
  await using kept = await sandbox('g1');
  await using lost = await sandbox('g2');
  await add(kept);
  await add(lost);
  const valid = [{ containerID: 'g1', ifname: 'eth0' }];
  const config = node.config({ cniVersion: '1.1.0', 'cni.dev/valid-attachments': valid });
  assert.equal((await runtime.call({ command: 'GC', config })).code, 0);
  assert.deepEqual(
    (await node.status()).pods.map(pod => pod.containerId),
    ['g1'],
  );
  assert.equal((await runtime.call({ command: 'STATUS', config })).code, 0);
  await remove(kept);
  await expectNothingLeft();
});

test('host-local hands addresses out in our place', async () => {
  await using pod = await sandbox('hl');
  const ipam = {
    type: 'host-local',
    dataDir: join(node.directory, 'host-local'),
    ranges: [[{ subnet: '10.244.9.0/24' }]],
  };
  const result = await add(pod, { ipam });
  assert.match(addressOf(result), /^10\.244\.9\./);
  await pod.exec(['ping', '-c1', '-W2', '10.244.9.1']);
  const leases = async () =>
    (await readdir(join(node.directory, 'host-local', 'pods'))).filter(name => /^\d/.test(name));
  assert.equal((await leases()).length, 1);
  await remove(pod, { ipam });
  assert.equal((await leases()).length, 0);
  await expectNothingLeft();
});

test('portmap, bandwidth and tuning work behind us in a chain', async () => {
  await using pod = await sandbox('ch');
  const shared = { name: 'pods', cniVersion: '1.0.0' };
  const plugins = [
    node.config(),
    { type: 'tuning', sysctl: { 'net.core.somaxconn': '333' } },
    { type: 'bandwidth', ingressRate: 50_000_000, ingressBurst: 5_000_000 },
    {
      type: 'portmap',
      capabilities: { portMappings: true },
      runtimeConfig: { portMappings: [{ hostPort: 8088, containerPort: 80, protocol: 'tcp' }] },
    },
  ];
  const result = await runtime.addChain(plugins, shared, pod);
  assert.equal((await pod.exec(['cat', '/proc/sys/net/core/somaxconn'])).stdout.trim(), '333');
  const server = pod.exec(['timeout', '10', 'sh', '-c', 'echo hello | busybox nc -l -p 80']);
  const read = `exec 3<>/dev/tcp/${lab.host('n1').address}/8088 && cat <&3`;
  let text = '';
  // Until the server listens, the connection is refused.
  for (let tries = 0; tries < 40 && text === ''; tries++) {
    text = (await lab.internet.exec(['timeout', '2', 'bash', '-c', read], { check: false })).stdout;
  }
  assert.equal(text, 'hello\n');
  await server;
  await runtime.deleteChain(plugins, shared, pod, result);
  await expectNothingLeft();
});

test('the bandwidth that the runtime asks for is kept', async () => {
  await using pod = await sandbox('bw');
  const bandwidth = {
    ingressRate: 8_000_000,
    ingressBurst: 800_000,
    egressRate: 16_000_000,
    egressBurst: 800_000,
  };
  await add(pod, { runtimeConfig: { bandwidth } });
  const [port = ''] = await node.podInterfaces();
  assert.match(
    (await run(node.enter(['tc', 'qdisc', 'show', 'dev', port]))).stdout,
    /tbf .*rate 8Mbit/,
  );
  assert.match(
    (await pod.exec(['tc', 'qdisc', 'show', 'dev', 'eth0'])).stdout,
    /tbf .*rate 16Mbit/,
  );
  await remove(pod);
});

test('with the service away ADD is tried again, DEL is kept and carried out when it is back', async () => {
  await using pod = await sandbox('away');
  await add(pod);
  await node.stop('SIGKILL');
  const other = { id: 'other', netns: pod.netns };
  const refused = await runtime.call({ command: 'ADD', config: node.config(), sandbox: other });
  assert.deepEqual([refused.code, refused.output.code], [1, 11]);
  const status = await runtime.call({
    command: 'STATUS',
    config: node.config({ cniVersion: '1.1.0' }),
  });
  assert.equal(status.output.code, 50);
  const version = await runtime.call({ command: 'VERSION', config: node.config() });
  assert.equal(version.output.cniVersion, '1.0.0');
  await remove(pod);
  assert.equal((await node.podInterfaces()).length, 1);
  await node.start();
  await expectNothingLeft();
  assert.deepEqual(await readdir(join(node.stateDir, 'pending')), []);
});

test('pods go on while the service is away, and keep their addresses over its restart', async () => {
  await using a = await sandbox('r1');
  await using b = await sandbox('r2');
  await add(a);
  const address = addressOf(await add(b));
  await node.stop('SIGKILL');
  await a.exec(['ping', '-c1', '-W2', address]);
  await node.start();
  await a.exec(['ping', '-c1', '-W2', address]);
  await using c = await sandbox('r3');
  assert.notEqual(addressOf(await add(c)), address);
  for (const pod of [a, b, c]) await remove(pod);
  await expectNothingLeft();
});

test('a kill in the midst of ADDs and DELs leaves nothing that DEL does not clear', async () => {
  const pods = await Promise.all(Array.from({ length: 8 }, (_, index) => sandbox(`x${index}`)));
  const adding = Promise.all(
    pods.map(pod => runtime.call({ command: 'ADD', config: node.config(), sandbox: pod })),
  );
  while ((await node.podInterfaces()).length === 0) await new Promise(setImmediate);
  await node.stop('SIGKILL');
  const outcomes = await adding;
  for (const { code, output } of outcomes) if (code !== 0) assert.equal(output.code, 11);
  const deleting = Promise.all(pods.map(pod => remove(pod)));
  await node.start();
  await deleting;
  // Those that were kept while it started are carried out within its next look.
  while ((await node.status()).pods.length > 0)
    await new Promise(resolve => setTimeout(resolve, 100));
  await Promise.all(pods.map(pod => pod[Symbol.asyncDispose]()));
  await node.stop();
  await node.start();
  await expectNothingLeft();
});
