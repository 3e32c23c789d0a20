/**
 * What makes the overlay a LAN for real kernels: pods behind bridges that move, loops of cables, groups.
 * Nodes 1, 2 and 3 stand in a row of namespaces; further namespaces are pods.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Namespace } from '../lab/index.ts';
import { firstLine } from '../lab/lines.ts';
import { NamespaceChain } from './namespace-chain.ts';
import { StaticPeerProcess } from './static-peer-process.ts';

const SCRIPT = join(import.meta.dirname, 'chain-node.ts');
const MULTICAST = [process.execPath, join(import.meta.dirname, 'multicast.ts')];
const POD_MAC = '02:00:00:00:aa:01';

async function startNodes(chain: NamespaceChain, of = 3): Promise<StaticPeerProcess[]> {
  const nodes: StaticPeerProcess[] = [];
  for (let number = 1; number <= of; number += 1) {
    nodes.push(await StaticPeerProcess.run(chain.at(number), SCRIPT, { number, of }));
  }
  return nodes;
}

/** Puts the TAP of a node into a bridge, which takes its address over. */
async function bridge(namespace: Namespace, number: number): Promise<void> {
  await namespace.ip([
    'link add br0 type bridge',
    `link set br0 address 02:00:00:00:00:0${number} up`,
    'link set tap0 master br0',
    `addr del 10.9.0.${number}/24 dev tap0`,
    `addr add 10.9.0.${number}/24 dev br0`,
  ]);
}

/** A port of a node's bridge whose other end is `eth` in the pod: down, and with the pod's MAC. */
async function plug(host: Namespace, pod: Namespace, port: string, eth: string): Promise<void> {
  await host.ip([
    `link add ${port} type veth peer name ${eth} netns ${pod.name}`,
    `link set ${port} master br0 up`,
  ]);
  await pod.ip([`link set ${eth} address ${POD_MAC}`]);
}

async function noIpv6(chain: NamespaceChain): Promise<void> {
  for (const namespace of chain.namespaces) {
    await namespace.sysctl({ 'ipv6/conf/default/disable_ipv6': 1 });
  }
}

test('a pod that moves to another node is followed at once, under traffic and by its announcement alone', async t => {
  await using chain = await NamespaceChain.create(4);
  await noIpv6(chain);
  const nodes = await startNodes(chain);
  const [, watcher] = nodes;
  assert.ok(watcher);
  const pod = chain.at(4);
  for (const number of [1, 3]) await bridge(chain.at(number), number);
  await plug(chain.at(1), pod, 'pod', 'eth1');
  await plug(chain.at(3), pod, 'pod', 'eth3');
  const stand = async (eth: string, port: string, host: Namespace) => {
    await pod.ip([`addr add 10.9.0.50/24 dev ${eth}`, `link set ${eth} up`]);
    const forwards = async () =>
      /state forwarding/.test((await host.exec(['bridge', 'link', 'show', 'dev', port])).stdout);
    while (!(await forwards())) await sleep(10);
  };
  const leave = (eth: string) => pod.ip([`addr flush dev ${eth}`, `link set ${eth} down`]);
  /** What a container runtime does for a pod: one gratuitous ARP. Milliseconds until the watcher knows. */
  const announce = async (eth: string, node: number) => {
    const started = performance.now();
    const arping = pod.exec(['arping', '-q', '-A', '-c', '1', '-I', eth, '10.9.0.50'], {
      check: false,
    });
    await watcher.owner(POD_MAC, node);
    const took = performance.now() - started;
    await arping;
    return took;
  };
  await stand('eth1', 'pod', chain.at(1));
  t.diagnostic(`new: ${(await announce('eth1', 1)).toFixed(0)} ms, with the start of arping`);

  const talk = ['ping', '-i', '0.02', '-c', '200', '-W', '1', '10.9.0.50'];
  const talking = chain.at(2).exec(talk, { check: false, timeoutMs: 20_000 });
  await sleep(500);
  await leave('eth1');
  await stand('eth3', 'pod', chain.at(3));
  const busy = await announce('eth3', 3);
  const lost = 200 - Number(/(\d+) received/.exec((await talking).stdout)?.[1]);
  t.diagnostic(
    `moved, while pinged: ${busy.toFixed(0)} ms; ${lost} of 200 pings (20 ms apart) lost`,
  );
  assert.ok(busy < 1000);

  await leave('eth3');
  await stand('eth1', 'pod', chain.at(1));
  const silent = await announce('eth1', 1);
  t.diagnostic(`moved back in silence: ${silent.toFixed(0)} ms`);
  assert.ok(silent < 1000);
  const again = await chain.at(2).exec(['ping', '-c', '1', '-W', '1', '10.9.0.50']);
  assert.match(again.stdout, /1 received/);
});

test('a second cable between two bridged hosts is told, and does not melt the overlay; without it all is well', async t => {
  await using chain = await NamespaceChain.create(3);
  await noIpv6(chain);
  const nodes = await startNodes(chain);
  const [left, watcher, right] = nodes;
  assert.ok(left && watcher && right);
  for (const number of [1, 3]) await bridge(chain.at(number), number);
  await chain.at(1).ip([`link add cable type veth peer name cable netns ${chain.at(3).name}`]);
  for (const number of [1, 3]) await chain.at(number).ip(['link set cable master br0']);
  for (const number of [1, 3]) await chain.at(number).ip(['link set cable up']);
  const told = Promise.any([left.next('loop', 20_000), right.next('loop', 20_000)]);
  const broadcast = ['ping', '-b', '-c', '10', '-i', '0.1', '-W', '1', '10.9.0.255'];
  const before = await watcher.counters();
  await Promise.all([1, 2, 3].map(number => chain.at(number).exec(broadcast, { check: false })));
  await told;
  const after = await watcher.counters();
  await sleep(2000);
  const quiet = await watcher.counters();
  const during = after.floodsReceived - before.floodsReceived;
  const still = quiet.floodsReceived - after.floodsReceived;
  t.diagnostic(
    `30 broadcasts: ${during} floods at the third node; ${still} in 2 s of silence after them`,
  );
  assert.ok(during < 1000, `${during} floods`);
  assert.ok(still < 40, `${still} floods after the last broadcast`);

  await chain.at(1).ip(['link del cable']);
  await sleep(11_000);
  const well = await chain.at(1).exec(['ping', '-c', '5', '-i', '0.1', '-W', '1', '10.9.0.3']);
  assert.match(well.stdout, /5 received/);
  const dropped = (await left.counters()).dropLoop + (await right.counters()).dropLoop;
  await Promise.all([1, 2, 3].map(number => chain.at(number).exec(broadcast, { check: false })));
  assert.equal((await left.counters()).dropLoop + (await right.counters()).dropLoop, dropped);
});

test('a group goes only to the node whose host has joined it', async () => {
  await using chain = await NamespaceChain.create(3);
  await noIpv6(chain);
  const nodes = await startNodes(chain);
  const [sender, bystander] = nodes;
  assert.ok(sender && bystander);
  const group = '239.7.7.7';
  const listener = chain.at(3).spawn([...MULTICAST, 'listen', '10.9.0.3', group, '7100'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await firstLine(listener, 'the listener');
  const say = async (text: string) => {
    const heard = firstLine(listener, 'the listener');
    await chain.at(1).exec([...MULTICAST, 'send', '10.9.0.1', group, '7100', text]);
    assert.equal(await heard, text);
  };
  await say('to all, while the node is new');
  assert.equal((await sender.counters()).groupFrames, 0);
  await sleep(41_000); // GroupTable::kSettling
  const before = await bystander.counters();
  await say('to one');
  assert.equal((await sender.counters()).groupFrames, 1);
  assert.equal((await bystander.counters()).floodsReceived, before.floodsReceived);
  const unheard = [...MULTICAST, 'send', '10.9.0.1', '239.7.7.8', '7100', 'to nobody'];
  await chain.at(1).exec(unheard);
  assert.equal((await sender.counters()).groupFramesUnwanted, 1);
});
