import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeStun, parseStun, STUN_METHOD } from './stun-message.ts';
import type { NatOptions } from './virtual-network/nat.ts';
import type { Packet } from './virtual-network/realm.ts';
import { SeededRandom } from './virtual-network/seeded-random.ts';
import type { VirtualPeer } from './virtual-network/virtual-peer.ts';
import { VirtualInternet } from './virtual-network/virtual-site.ts';

const SYMMETRIC: NatOptions = {
  mapping: 'address-and-port-dependent',
  filtering: 'address-and-port-dependent',
};
const EASY: NatOptions = {
  mapping: 'endpoint-independent',
  filtering: 'endpoint-independent',
};

/** Damages bytes: flips, cuts, repeats, swaps pieces, changes lengths. */
function mutate(bytes: Uint8Array, random: SeededRandom): Uint8Array {
  let copy = Buffer.from(bytes);
  for (let n = 1 + random.below(4); n > 0; n--) {
    const at = random.below(Math.max(1, copy.length));
    switch (random.below(6)) {
      case 0:
        copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8));
        break;
      case 1:
        copy = copy.subarray(0, at);
        break;
      case 2:
        copy = Buffer.concat([
          copy.subarray(0, at),
          random.bytes(random.below(40)),
          copy.subarray(at),
        ]);
        break;
      case 3:
        if (copy.length > 22)
          copy.writeUInt16BE(random.below(65536), 20 + random.below(copy.length - 21));
        break;
      case 4:
        if (copy.length >= 4) copy.writeUInt16BE(Math.max(0, copy.length - 20), 2);
        break;
      default:
        copy[at] = random.below(256);
    }
  }
  if (random.below(2) === 0 && copy.length >= 20) {
    copy = copy.subarray(0, copy.length - (copy.length % 4)); // so that more than the length fails
    copy.writeUInt16BE(copy.length - 20, 2);
  }
  return copy;
}

/** Two connected links of one peer, and everything that came to it. */
function running(nat: NatOptions) {
  const net = new VirtualInternet(21);
  const a = net.peer(net.nat(nat));
  const others = [net.peer(net.nat(nat)), net.peer(net.nat(EASY))];
  const seen: Packet[] = [];
  const deliver = a.host.onDatagram;
  a.host.onDatagram = packet => {
    seen.push({ ...packet, bytes: Uint8Array.from(packet.bytes) });
    deliver(packet);
  };
  net.clock.run(500);
  const links = others.map(other => net.connect(a, other));
  net.clock.run(6000);
  return { net, a, links, seen, deliver };
}

test('each message finds its agent among several on one socket', () => {
  const { links } = running(EASY);
  for (const [one, two] of links) {
    assert.equal(one.agent.state, 'connected');
    assert.equal(two.agent.state, 'connected');
  }
});

test('100,000 damaged messages are dropped: nothing throws, no path changes, no memory is held', () => {
  for (const nat of [EASY, SYMMETRIC]) {
    const { net, a, links, seen, deliver } = running(nat);
    const random = new SeededRandom(99);
    const before = links.map(([{ selected }]) => JSON.stringify(selected?.pair.remote));
    const pairs = links.map(([{ agent }]) => agent.describe().length);
    for (let i = 0; i < 50_000; i++) {
      const packet = seen[random.below(seen.length)];
      if (packet === undefined) continue;
      deliver({ ...packet, bytes: mutate(packet.bytes, random) });
      if (i % 1000 === 0) net.clock.run(1);
    }
    assert.deepEqual(
      links.map(([{ selected }]) => JSON.stringify(selected?.pair.remote)),
      before,
    );
    assert.deepEqual(
      links.map(([{ agent }]) => agent.describe().length),
      pairs,
    );
    net.clock.run(20_000);
    for (const [one] of links) assert.equal(one.agent.state, 'connected');
    assert.ok(a.demux.counters.malformed > 1000);
  }
});

test('damaged copies of every message, each just before the true one, keep nobody from connecting', () => {
  for (const nat of [EASY, SYMMETRIC]) {
    const net = new VirtualInternet(31);
    const random = new SeededRandom(7);
    const [a, b] = [net.peer(net.nat(nat)), net.peer(net.nat(nat))];
    for (const { host } of [a, b]) {
      const deliver = host.onDatagram;
      host.onDatagram = packet => {
        for (let i = 0; i < 20; i++) deliver({ ...packet, bytes: mutate(packet.bytes, random) });
        deliver(packet);
      };
    }
    net.clock.run(1000);
    assert.ok(a.gatherer.candidates.some(({ type }) => type === 'relay'));
    const [one, two] = net.connect(a, b);
    net.clock.run(10_000);
    assert.ok(one.selected?.nominated && two.selected?.nominated);
    assert.equal(one.selected.pair.relayed, nat === SYMMETRIC);
    net.clock.run(700_000); // refreshes, channel bindings, consent
    assert.equal(one.agent.state, 'connected');
    assert.equal(two.agent.state, 'connected');
  }
});

test('random bytes and replayed messages do no harm', () => {
  const { net, links, seen, deliver } = running(SYMMETRIC);
  const random = new SeededRandom(5);
  for (let i = 0; i < 20_000; i++) {
    const packet = seen[random.below(seen.length)];
    if (packet === undefined) continue;
    const bytes = random.bytes(random.below(80));
    bytes[0] = random.below(4);
    deliver({ ...packet, bytes });
    // From where it never came from: an attacker who has seen it.
    deliver({ ...packet, source: { address: '198.51.100.250', port: 1 + random.below(60_000) } });
  }
  net.clock.run(10_000);
  for (const [one] of links) {
    assert.equal(one.agent.state, 'connected');
    assert.ok(one.agent.describe().length <= 100);
    assert.notEqual(one.selected?.pair.remote.address, '198.51.100.250');
  }
});

test('what nobody waits for is counted', () => {
  const net = new VirtualInternet(1);
  const peer: VirtualPeer = net.peer();
  const remote = { address: '198.51.100.9', port: 1 };
  const local = { address: peer.host.addresses[0] ?? '', port: peer.host.port };
  const arrival = { kind: 'host', local, remote } as const;
  const bytes = (kind: 'request' | 'success') =>
    encodeStun({ method: STUN_METHOD.binding, class: kind, transactionId: '0'.repeat(24) });
  peer.demux.receive(0, bytes('success'), arrival);
  peer.demux.receive(0, bytes('request'), arrival);
  peer.demux.receive(0, Uint8Array.of(1, 2, 3), arrival);
  const uplink = { kind: 'udp', server: remote } as const;
  peer.demux.receive(0, bytes('request'), { kind: 'channel', uplink, channel: 0x4000 });
  assert.deepEqual(peer.demux.counters, {
    malformed: 1,
    unknownUfrag: 1,
    unknownTransaction: 1,
    unknownRelay: 1,
  });
});

test('a STUN server cannot be imitated from another address', () => {
  const net = new VirtualInternet(1);
  net.turn.silent = true;
  const peer = net.peer(net.nat(EASY));
  const sent: Packet[] = [];
  net.internet.attach(net.turn.endpoint.address, { deliver: packet => sent.push(packet) });
  net.clock.run(150);
  const request = sent.map(({ bytes }) => parseStun(bytes)).find(message => message !== undefined);
  assert.ok(request);
  const local = { address: peer.host.addresses[0] ?? '', port: peer.host.port };
  const forged = encodeStun({
    method: STUN_METHOD.binding,
    class: 'success',
    transactionId: request.transactionId,
    attributes: { 'XOR-MAPPED-ADDRESS': { address: '198.51.100.66', port: 666 } },
  });
  const remote = { address: '198.51.100.66', port: 3478 };
  peer.demux.receive(net.clock.now, forged, { kind: 'host', local, remote });
  assert.deepEqual(peer.gatherer.mappings, []);
});
