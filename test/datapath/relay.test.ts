/**
 * Real engines in a row of namespaces: what has no wire goes through those in between.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { firstLine } from '../lab/lines.ts';
import { NamespaceChain } from './namespace-chain.ts';
import { idOf } from './node-ids.ts';
import { StaticPeerProcess } from './static-peer-process.ts';

const SCRIPT = join(import.meta.dirname, 'chain-node.ts');
const TRANSFER = [process.execPath, join(import.meta.dirname, 'transfer.ts')];

async function startNodes(
  chain: NamespaceChain,
  of: number,
  ipv6 = false,
): Promise<StaticPeerProcess[]> {
  const nodes: StaticPeerProcess[] = [];
  for (let number = 1; number <= of; number += 1) {
    nodes.push(await StaticPeerProcess.run(chain.at(number), SCRIPT, { number, of, ipv6 }));
  }
  return nodes;
}

test('ping, probes and handshakes go through one member', async () => {
  await using chain = await NamespaceChain.create(3);
  const [a, r, b] = await startNodes(chain, 3);
  assert.ok(a && r && b);
  const ping = ['ping', '-c', '5', '-i', '0.1', '-W', '1', '10.9.0.3'];
  const { stdout } = await chain.at(1).exec(ping);
  assert.match(stdout, /5 received/);

  a.command('probe 3 7 1396');
  const echo = await a.next('echo');
  assert.deepEqual([echo.token, echo.datagramBytes], [7, 1396]);
  a.command('probe 3 8 1397');

  a.command('handshake 3');
  const up = await b.next('datagram');
  assert.equal(Buffer.from(up.bytes as unknown as string, 'hex')[0], 0xc1);
  assert.deepEqual(up.via, { kind: 'overlay', overlay: 1, node: idOf(1) });

  const relay = await r.counters();
  assert.ok(relay.forwardsRelayed >= 12, `${relay.forwardsRelayed}`);
  assert.equal(relay.dropForged, 0);
  assert.equal((await a.counters()).dropForwardTooBig, 1);
  a.command('peer 3');
  assert.deepEqual((await a.next('peer')).path, { kind: 'overlay' });
});

test('hosts take the answers to ARP requests and neighbour solicitations', async () => {
  await using chain = await NamespaceChain.create(3);
  const [a] = await startNodes(chain, 3, true);
  assert.ok(a);
  for (const address of ['10.9.0.3', 'fd00::3']) {
    const before = (await a.counters()).answeredLocally;
    const ping = await chain.at(1).exec(['ping', '-c', '1', '-W', '0.8', address]);
    assert.match(ping.stdout, /1 received/);
    assert.ok((await a.counters()).answeredLocally > before, address);
  }
});

test('TCP arrives byte for byte through two members, in trains', async () => {
  await using chain = await NamespaceChain.create(4);
  const nodes = await startNodes(chain, 4);
  const receiver = chain.at(4).spawn([...TRANSFER, 'receive', '7000'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await firstLine(receiver, 'the receiver');
  const received = firstLine(receiver, 'the receiver', 60_000);
  const send = [...TRANSFER, 'send', '10.9.0.4', '7000', `${32 << 20}`];
  const sent = await chain.at(1).exec(send, { timeoutMs: 60_000 });
  assert.equal(await received, sent.stdout.trim());
  const [, first] = nodes;
  assert.ok(first);
  const { txDatagrams, txSends, dropForwardTooBig } = await first.counters();
  assert.ok(txDatagrams / txSends > 4, `${txDatagrams / txSends}`);
  assert.equal(dropForwardTooBig, 0);
});

test('a broadcast reaches every member of a chain once', async () => {
  await using chain = await NamespaceChain.create(4);
  // So that nothing else is flooded.
  for (const namespace of chain.namespaces) {
    await namespace.exec(['sysctl', '-qw', 'net.ipv6.conf.default.disable_ipv6=1']);
  }
  const nodes = await startNodes(chain, 4);
  const before = await Promise.all(nodes.map(node => node.counters()));
  await chain.at(2).exec(['ping', '-b', '-c', '20', '-i', '0.01', '-W', '1', '10.9.0.255'], {
    check: false,
  });
  for (const [index, node] of nodes.entries()) {
    const { floodsReceived, floodDuplicates } = await node.counters();
    const got = floodsReceived - (before[index]?.floodsReceived ?? 0);
    if (index === 1) continue;
    assert.ok(got === 20, `node ${index + 1} got ${got}`);
    assert.equal(floodDuplicates, 0);
  }
});
