import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { exitCode, run } from '../lab/command.ts';
import { iperf, Namespace, UdpSocket } from '../lab/index.ts';
import { addFlannelPod, layFlannel } from './flannel.ts';
import { Sandbox } from './runtime.ts';
import { TwoNodes } from './two-nodes.ts';

test('pods of Flannel’s VXLAN on the host overlay reach each other through NATs', async () => {
  await using two = await TwoNodes.create();
  const { lab } = two;
  const [n0, n1] = two.nodes;
  await layFlannel([n0.flannel, n1.flannel]);
  await using a = await Sandbox.create(`evio-${lab.id}-`, 'a');
  await using b = await Sandbox.create(`evio-${lab.id}-`, 'b');
  await addFlannelPod(n0.flannel, lab.directory, a);
  const address = await addFlannelPod(n1.flannel, lab.directory, b);
  await a.exec(['ping', '-c', '2', '-W', '5', address]);
  // The largest packet that Flannel's MTU lets through, not to be cut.
  await a.exec(['ping', '-c', '1', '-W', '5', '-M', 'do', '-s', `${1350 - 28}`, address]);
  await using from = await UdpSocket.open(new Namespace(a.name));
  await using to = await UdpSocket.open(new Namespace(b.name));
  from.send(`${address}:${to.port}`, 'datagram');
  assert.ok(await to.hears('datagram', 5000));
  assert.equal(await transferred(a, b, address), true);
  const { mbps } = await iperf(new Namespace(a.name), new Namespace(b.name), address);
  assert.ok(mbps > 0);
});

/** Whether 10 MB come by HTTP as they were sent. */
async function transferred(from: Sandbox, to: Sandbox, address: string): Promise<boolean> {
  const home = await mkdtemp(join(tmpdir(), 'evio-http-'));
  const argv = ['netns', 'exec', to.name, 'busybox', 'httpd', '-f', '-p', '80', '-h', home];
  const httpd = spawn('ip', argv, { stdio: 'ignore' });
  const ended = exitCode(httpd);
  try {
    const file = join(home, 'file');
    const sent = await run([
      'sh',
      '-ec',
      `head -c 10000000 /dev/urandom >${file}; sha256sum <${file}`,
    ]);
    const read = `until exec 3<>/dev/tcp/${address}/80; do sleep 0.1; done 2>/dev/null
      printf 'GET /file HTTP/1.0\\r\\n\\r\\n' >&3 && tail -c 10000000 <&3 | sha256sum`;
    const got = await from.exec(['timeout', '20', 'bash', '-c', read]);
    return got.stdout === sent.stdout;
  } finally {
    httpd.kill();
    await ended;
    await rm(home, { recursive: true });
  }
}
