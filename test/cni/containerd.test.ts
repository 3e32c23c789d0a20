import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { conflist } from '@evio/cni/install';
import { Lab, Namespace, PingStream, UdpSocket } from '../lab/index.ts';
import { CniNode } from './cni-node.ts';
import { Containerd, type CriPod } from './containerd.ts';
import { buildPodImage } from './pod-image.ts';
import { Runtime, Sandbox } from './runtime.ts';

// Two "Kubernetes nodes" behind different NATs: on each an agent with a pod overlay, the CNI service on
// the overlay's bridge, and a containerd of its own that runs pods as kubelet asks it to.

let lab: Lab;
const nodes: CniNode[] = [];
const runtimes: Containerd[] = [];

before(async () => {
  lab = await Lab.create({
    hub: true,
    sites: {
      home: { nat: 'port-restricted', hosts: ['n0'] },
      office: { nat: 'symmetric', hosts: ['n1'] },
    },
  });
  const image = await buildPodImage(lab.directory);
  const agents = await Promise.all(
    ['n0', 'n1'].map(name =>
      lab.agent(name, config => {
        const [overlay] = config.overlays;
        if (overlay) overlay.interface = { ...overlay.interface, bridge: 'evio-pods', address: [] };
      }),
    ),
  );
  for (const [index, name] of ['n0', 'n1'].entries()) {
    const ranges = [`10.244.${index}.0/24`, `fd00:244:0:${index}00::/56`];
    const node = new CniNode(lab.host(name), lab.directory, { ranges });
    const runtime = new Containerd(node);
    nodes.push(node);
    runtimes.push(runtime);
    await node.start();
    await runtime.start(image);
    const network = conflist({
      socket: node.socket,
      pendingDir: join(node.stateDir, 'pending'),
      cniVersion: '1.0.0',
    });
    await writeFile(join(runtime.confDir, '10-evio.conflist'), JSON.stringify(network));
  }
  const [a, b] = agents;
  assert.ok(a && b);
  await a.linkedTo(b, 20_000);
});

after(async () => {
  for (const runtime of runtimes) await runtime.stop();
  for (const node of nodes) await node.stop();
  await lab?.[Symbol.asyncDispose]();
});

/** The two runtimes. */
function both(): [Containerd, Containerd] {
  const [first, second] = runtimes;
  assert.ok(first && second);
  return [first, second];
}

/** A pod's network namespace, as its node knows it. */
async function namespaceOf(node: number, { sandboxId }: CriPod): Promise<Namespace> {
  const pods = (await nodes[node]?.status())?.pods ?? [];
  const pod = pods.find(({ containerId }) => containerId === sandboxId);
  return new Namespace(basename(pod?.netns ?? ''));
}

/** containerd reads a new configuration when it sees the file; until then it has no network. */
async function firstPod(runtime: Containerd, name: string, ...rest: [string[]?]) {
  for (let tries = 0; ; tries++) {
    try {
      return await runtime.run(name, ...rest);
    } catch (error) {
      if (tries > 20 || !String(error).includes('cni plugin not initialized')) throw error;
    }
  }
}

test('pods on different nodes reach each other: ping, HTTP, 10 MB with exact bytes, UDP, IPv6', async () => {
  const [first, second] = both();
  const a = await firstPod(first, 'a');
  const serve =
    'dd if=/dev/urandom of=/tmp/file bs=1M count=10 2>/dev/null; httpd -f -p 80 -h /tmp';
  const b = await firstPod(second, 'b', ['/bin/sh', '-c', serve]);
  const [v4, v6] = b.addresses;
  assert.match(v4 ?? '', /^10\.244\.1\./);
  await first.exec(a, `ping -c 3 -W 5 ${v4}`);
  await first.exec(a, `ping -6 -c 3 -W 5 ${v6}`);
  const sent = await second.exec(b, 'sha256sum /tmp/file');
  for (const host of [v4, `[${v6}]`]) {
    const got = await first.exec(a, `wget -q -O - http://${host}/file | sha256sum`);
    assert.equal(got.split(' ')[0], sent.split(' ')[0]);
  }
  await using from = await UdpSocket.open(await namespaceOf(0, a));
  await using to = await UdpSocket.open(await namespaceOf(1, b));
  for (const host of [v4, `[${v6}]`]) {
    from.send(`${host}:${to.port}`, `datagram to ${host}`);
    assert.ok(await to.hears(`datagram to ${host}`, 5000));
  }
  await first.remove(a);
  await second.remove(b);
});

test('a pod that comes back on another node with its address is reached within a second', async () => {
  const [, second] = both();
  const watcher = await second.run('watcher');
  const pod = await second.run('moving');
  const [address = ''] = pod.addresses;
  await using pings = new PingStream(await namespaceOf(1, watcher), address);
  await pings.count(3, 5000);
  await second.remove(pod);
  // No range of the other node has the address: what counts here is how fast the overlay follows.
  const [node] = nodes;
  assert.ok(node);
  await using moved = await Sandbox.create(`evio-${lab.id}-`, 'moved');
  const ipam = { type: 'static', addresses: [{ address: `${address}/16` }] };
  const runtime = new Runtime(node.bin, argv => node.enter(argv));
  const config = node.config({ ipam, isDefaultGateway: false });
  const added = await runtime.call({ command: 'ADD', config, sandbox: moved });
  assert.equal(added.code, 0, added.stdout);
  const after = await pings.replyAfter(Date.now(), 3000);
  assert.ok(after !== undefined && after < 1000, `reached after ${after} ms`);
  assert.equal((await runtime.call({ command: 'DEL', config, sandbox: moved })).code, 0);
  await second.remove(watcher);
});

test('a port of the host leads into a pod', async () => {
  const [first] = both();
  const serve = 'echo hello >/tmp/index.html; httpd -f -p 80 -h /tmp';
  const pod = await first.run('web', ['/bin/sh', '-c', serve], [{ host: 8099, container: 80 }]);
  const host = nodes[0]?.host;
  const gateway = lab.site('home').gateways[0];
  const read = `exec 3<>/dev/tcp/${host?.address}/8099 && printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3 && cat <&3`;
  let text = '';
  for (let tries = 0; tries < 40 && text === ''; tries++) {
    text = (await gateway.namespace.exec(['timeout', '2', 'bash', '-c', read], { check: false }))
      .stdout;
  }
  assert.match(text, /hello/);
  await first.remove(pod);
});

test('pods that are removed leave nothing: no interface, no file', async () => {
  const [first] = both();
  const pods = await Promise.all([1, 2, 3, 4].map(number => first.run(`many-${number}`)));
  const [node] = nodes;
  assert.ok(node);
  assert.equal((await node.podInterfaces()).length, 4);
  assert.match((await node.status()).pods[0]?.pod ?? '', /^default\/many-/);
  await Promise.all(pods.map(pod => first.remove(pod)));
  assert.deepEqual(await node.podInterfaces(), []);
  assert.deepEqual(await readdir(join(node.stateDir, 'attachments')), []);
});
