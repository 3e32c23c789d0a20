import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { exitCode, run } from '../lab/command.ts';
import { layService, removeService } from './kube-proxy.ts';
import { Sandbox } from './runtime.ts';
import { deletePod, type PodNode, TwoNodes } from './two-nodes.ts';

// A service's address leads to its pod, wherever that is: as kube-proxy makes it, in both of its modes.

const SERVICE = {
  address: '10.96.0.10',
  port: 80,
  podPort: 8080,
  podNetwork: '10.244.0.0/16',
};

let two: TwoNodes;
let near: Server;
let far: Server;
let client: Sandbox;

/** A pod that says its name. */
interface Server {
  readonly node: PodNode;
  readonly sandbox: Sandbox;
  readonly address: string;
  readonly httpd: ChildProcess;
}

async function serve(node: PodNode, name: string): Promise<Server> {
  const { sandbox, address } = await addPod(node, name);
  const home = join(two.lab.directory, name);
  await mkdir(home);
  await writeFile(join(home, 'index.html'), name);
  const argv = ['netns', 'exec', sandbox.name, 'busybox', 'httpd', '-f', '-p', '8080', '-h', home];
  return { node, sandbox, address, httpd: spawn('ip', argv, { stdio: 'ignore' }) };
}

async function addPod(node: PodNode, name: string) {
  const sandbox = await Sandbox.create(`evio-${two.lab.id}-`, name);
  const config = node.config({ hairpinMode: true, ipMasq: true });
  const { code, output } = await node.runtime.call({ command: 'ADD', config, sandbox });
  assert.equal(code, 0, JSON.stringify(output));
  return { sandbox, address: String(output.ips[0].address).split('/')[0] ?? '' };
}

before(async () => {
  two = await TwoNodes.create();
  const [n0, n1] = two.nodes;
  near = await serve(n0, 'near');
  far = await serve(n1, 'far');
  ({ sandbox: client } = await addPod(n0, 'client'));
});

after(async () => {
  for (const { node, sandbox, httpd } of [near, far]) {
    const ended = exitCode(httpd);
    httpd.kill();
    await ended;
    await deletePod(node, sandbox);
    await sandbox[Symbol.asyncDispose]();
  }
  await deletePod(two.nodes[0], client);
  await client[Symbol.asyncDispose]();
  await two[Symbol.asyncDispose]();
});

/** Reads a page, headers and all, by bash alone. */
const read = [
  ...['timeout', '5', 'bash', '-c'],
  `exec 3<>/dev/tcp/${SERVICE.address}/${SERVICE.port} && printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3 && cat <&3`,
];

for (const mode of ['iptables', 'nftables'] as const) {
  test(`kube-proxy in ${mode} mode: pods of this node and of others, from pods, the host, and itself`, async () => {
    const { enter } = two.nodes[0];
    for (const server of [far, near]) {
      await layService(enter, mode, { ...SERVICE, pod: server.address });
      const page = server === far ? /\nfar$/ : /\nnear$/;
      assert.match((await client.exec(read)).stdout, page);
      assert.match((await run(enter(read))).stdout, page);
      // The pod behind the service, by hairpin if that is itself.
      assert.match((await near.sandbox.exec(read)).stdout, page);
      await removeService(enter, mode);
    }
  });
}
