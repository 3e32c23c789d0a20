import assert from 'node:assert/strict';
import { test } from 'node:test';
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
  const { mbps } = await iperf(new Namespace(a.name), new Namespace(b.name), address);
  assert.ok(mbps > 0);
});
