/**
 * Two datapaths in two namespaces: what goes into one TAP comes out of the other, at every path MTU.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { firstLine } from '../lab/lines.ts';
import { NamespacePair } from './namespace-pair.ts';
import type { StaticPeerOptions } from './static-peer.ts';
import { StaticPeerProcess } from './static-peer-process.ts';

const TRANSFER = [process.execPath, join(import.meta.dirname, 'transfer.ts')];

type Settings = Partial<Pick<StaticPeerOptions, 'mtu' | 'pathMtu' | 'cipher'>>;

/** Two peers on a pair; their TAPs are 10.9.0.1 and fd00::1, 10.9.0.2 and fd00::2. */
async function startPeers(pair: NamespacePair, settings: Settings, ipv6 = false) {
  const remote = (number: number) =>
    ipv6 ? `[2001:db8::${number}]:4000` : `192.0.2.${number}:4000`;
  const start = async (number: number, role: StaticPeerOptions['role']) => {
    const namespace = number === 1 ? pair.a : pair.b;
    const peer = await StaticPeerProcess.start(namespace, {
      port: 4000,
      tap: 'tap0',
      address: `10.9.0.${number}/24`,
      remote: remote(3 - number),
      role,
      ...settings,
    });
    await namespace.ip([`addr add fd00::${number}/64 dev tap0 nodad`]);
    return peer;
  };
  const b = await start(2, 'responder');
  const a = await start(1, 'initiator');
  await b.next('established');
  return { a, b };
}

async function assertTransfers(pair: NamespacePair, bytes: number): Promise<void> {
  for (const [from, to, address] of [
    [pair.a, pair.b, '10.9.0.2'],
    [pair.b, pair.a, 'fd00::1'],
  ] as const) {
    const receiver = to.spawn([...TRANSFER, 'receive', '7000'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await firstLine(receiver, 'the receiver');
    const received = firstLine(receiver, 'the receiver', 60_000);
    const sent = await from.exec([...TRANSFER, 'send', address, '7000', `${bytes}`], {
      timeoutMs: 60_000,
    });
    assert.equal(await received, sent.stdout.trim());
  }
}

async function assertEchoes(pair: NamespacePair, sizes: number[]): Promise<void> {
  for (const address of ['10.9.0.2', 'fd00::2']) {
    const server = pair.b.spawn([...TRANSFER, 'echo', address, '7001'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await firstLine(server, 'the echo server');
    const { stdout } = await pair.a.exec([
      ...TRANSFER,
      'ask',
      address,
      '7001',
      ...sizes.map(String),
    ]);
    server.kill();
    assert.equal(stdout.trim(), sizes.join(' '));
  }
}

const sizes = [18, 100, 504, 512, 1000, 1340, 1352, 1372, 1400, 2000, 5000, 8000];

for (const [wire, pathMtu] of [
  [576, 548],
  [1000, 972],
  [1280, 1200],
  [1500, 1472],
] as const) {
  test(`TCP and UDP arrive byte for byte over a wire of ${wire} bytes`, async () => {
    await using pair = await NamespacePair.create(Math.max(wire, 1280));
    if (wire < 1280) await pair.a.ip([`link set wire0 mtu ${wire}`]);
    if (wire < 1280) await pair.b.ip([`link set wire0 mtu ${wire}`]);
    const { a } = await startPeers(pair, { pathMtu });
    await assertTransfers(pair, 8 << 20);
    await assertEchoes(pair, sizes);
    const counters = await a.counters();
    assert.equal(counters.dropTooBig, 0);
    assert.equal(counters.dropForged, 0);
    if (pathMtu < 1472) assert.ok(counters.fragmentsSent > 0);
  });
}

test('ChaCha20-Poly1305 carries frames as well', async () => {
  await using pair = await NamespacePair.create();
  await startPeers(pair, { pathMtu: 1472, cipher: 'chacha20-poly1305' });
  await assertTransfers(pair, 8 << 20);
});

test('jumbo frames and an IPv6 underlay carry frames as well', async () => {
  await using pair = await NamespacePair.create();
  await startPeers(pair, { mtu: 9000, pathMtu: 1452 }, true);
  await assertTransfers(pair, 32 << 20);
  await assertEchoes(pair, sizes);
});

test('super-frames travel in few sends and come out merged', async () => {
  await using pair = await NamespacePair.create();
  const { a, b } = await startPeers(pair, { pathMtu: 1472 });
  await assertTransfers(pair, 64 << 20);
  const sender = await a.counters();
  const receiver = await b.counters();
  assert.ok(sender.txDatagrams / sender.txSends > 8, `${sender.txDatagrams / sender.txSends}`);
  assert.ok(receiver.mergedSegments > 0.8 * receiver.rxFrames);
  assert.ok(
    receiver.rxFrames / receiver.tapWrites > 8,
    `${receiver.rxFrames / receiver.tapWrites}`,
  );
});

test('a datagram that a device cannot take is counted and told', async () => {
  await using pair = await NamespacePair.create(1400);
  const { a } = await startPeers(pair, { pathMtu: 1300 });
  a.command('probe 5 1300');
  const echo = await a.next('echo');
  assert.equal(echo.token, 5);
  assert.equal(echo.datagramBytes, 1300);
  assert.ok(echo.rttMs > 0 && echo.rttMs < 1000);
  a.command('probe 6 1373');
  assert.equal((await a.next('too-big')).datagramBytes, 1373);
  assert.equal((await a.counters()).dropTooBig, 1);
});

test('a peer that vanishes is reported as stalled', async () => {
  await using pair = await NamespacePair.create();
  const { a } = await startPeers(pair, {});
  await pair.b.ip(['link set wire0 down']);
  // ARP is known or not: either way frames are sent, and nothing comes back.
  const ping = pair.a.exec(['ping', '-c', '5', '-i', '0.2', '10.9.0.2'], { check: false });
  await a.next('stalled', 5000);
  await ping;
});

test('a killed process leaves its TAP, and the next one takes it up', async () => {
  await using pair = await NamespacePair.create();
  const first = await startPeers(pair, {});
  await pair.a.ip(['link add br0 type bridge', 'link set tap0 master br0']);
  const show = async () =>
    (await pair.a.exec(['ip', '-o', 'link', 'show', 'tap0'])).stdout.replace(
      /<.*>|state \w+|qlen \d+/g,
      '',
    );
  const before = await show();
  assert.match(before, /master br0/);
  const gone = new Promise(resolve => first.a.child.once('exit', resolve));
  first.a.child.kill('SIGKILL');
  await gone;
  assert.equal(await show(), before);
  const again = await StaticPeerProcess.start(pair.a, {
    port: 4000,
    tap: 'tap0',
    remote: '192.0.2.2:4000',
    role: 'initiator',
  });
  assert.equal(await show(), before);
  again.child.kill();
});
