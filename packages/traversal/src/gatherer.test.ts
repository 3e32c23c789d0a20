import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CandidateType } from '@evio/types';
import { CandidateGatherer } from './gatherer.ts';
import type { IceServer } from './ice-server.ts';
import { natKind } from './nat-kind.ts';
import type { NatOptions } from './virtual-network/nat.ts';
import { SeededRandom } from './virtual-network/seeded-random.ts';
import { serversOf, type VirtualPeer } from './virtual-network/virtual-peer.ts';
import { VirtualInternet } from './virtual-network/virtual-site.ts';

const EASY: NatOptions = { mapping: 'endpoint-independent', filtering: 'address-dependent' };
const SYMMETRIC: NatOptions = {
  mapping: 'address-and-port-dependent',
  filtering: 'address-and-port-dependent',
};

function types({ gatherer }: VirtualPeer): CandidateType[] {
  return gatherer.candidates.map(({ type }) => type);
}

function relayOf({ gatherer }: VirtualPeer): string | undefined {
  const relay = gatherer.candidates.find(({ type }) => type === 'relay');
  return relay && `${relay.endpoint.address}:${relay.endpoint.port}`;
}

test('host candidates are there at once, the others as servers answer', () => {
  const net = new VirtualInternet(1);
  const peer = net.peer(net.nat(EASY));
  assert.deepEqual(types(peer), ['host']);
  net.clock.run(30);
  assert.deepEqual(types(peer), ['host', 'srflx']);
  net.clock.run(60);
  assert.deepEqual(types(peer), ['host', 'srflx', 'relay']);
});

test('signaling need not wait for silent servers longer than a quarter of a second', () => {
  const net = new VirtualInternet(1);
  net.turn.silent = true;
  const peer = net.peer(net.nat(EASY));
  assert.equal(peer.gatherer.gatheredEnough(net.clock.now), false);
  net.clock.run(250);
  assert.equal(peer.gatherer.gatheredEnough(net.clock.now), true);
});

test('and not at all when all have answered', () => {
  const net = new VirtualInternet(1);
  const peer = net.peer(net.nat(EASY));
  net.clock.run(100);
  assert.equal(peer.gatherer.gatheredEnough(net.clock.now), true);
});

test('without a NAT there is no server-reflexive candidate', () => {
  const net = new VirtualInternet(1);
  const peer = net.peer();
  net.clock.run(100);
  assert.deepEqual(types(peer), ['host', 'relay']);
});

test('addresses that nobody can reach are no candidates', () => {
  const gatherer = new CandidateGatherer({ random: new SeededRandom(1).bytes, port4: 1, port6: 2 });
  gatherer.setLocalAddresses(0, ['127.0.0.1', '169.254.0.1', 'fe80::1', '10.0.0.1', '2001:DB8::1']);
  assert.deepEqual(
    gatherer.candidates.map(({ endpoint }) => endpoint),
    [
      { address: '10.0.0.1', port: 1 },
      { address: '2001:db8::1', port: 2 },
    ],
  );
});

test('a family without a socket has no candidates', () => {
  const gatherer = new CandidateGatherer({ random: new SeededRandom(1).bytes, port4: 1 });
  gatherer.setLocalAddresses(0, ['10.0.0.1', '2001:db8::1']);
  assert.equal(gatherer.candidates.length, 1);
});

test('the mapping is kept open, and a NAT with short timeouts does not notice an idle node', () => {
  const net = new VirtualInternet(1);
  const peer = net.peer(net.nat({ ...EASY, timeout: 30_000 }));
  net.clock.run(1000);
  const before = peer.gatherer.mappings[0]?.mapped;
  net.clock.run(600_000);
  assert.deepEqual(peer.gatherer.mappings[0]?.mapped, before);
});

test('a mapping that changed is found at the next keepalive, or at once when asked', () => {
  for (const ask of [false, true]) {
    const net = new VirtualInternet(1);
    const nat = net.nat(EASY);
    const peer = net.peer(nat);
    net.clock.run(1000);
    nat.moveTo('198.51.100.77');
    if (ask) peer.gatherer.verify(net.clock.now);
    peer.pump();
    net.clock.run(ask ? 50 : 17_000);
    assert.equal(peer.gatherer.mappings[0]?.mapped.address, '198.51.100.77');
    assert.ok(peer.gatherer.candidates.some(c => c.endpoint.address === '198.51.100.77'));
  }
});

test('a host that moves to another network has all candidates again in a moment', () => {
  const net = new VirtualInternet(1);
  const peer = net.peer(net.nat(EASY));
  net.clock.run(1000);
  const before = relayOf(peer);
  const other = net.nat(EASY);
  peer.host.removeInterface(peer.host.addresses[0] ?? '');
  peer.host.addInterface(other.inner, '10.7.0.2');
  peer.gatherer.networkChanged(net.clock.now, peer.host.addresses);
  peer.pump();
  net.clock.run(150);
  assert.deepEqual(types(peer), ['host', 'srflx', 'relay']);
  assert.ok(peer.gatherer.candidates.some(c => c.endpoint.address === other.address));
  assert.notEqual(relayOf(peer), before);
});

test('a UDP-blocked host has a relay by TCP within a second', () => {
  const net = new VirtualInternet(1);
  const peer = net.peer(net.nat({ ...EASY, udpBlocked: true }));
  const found = () => types(peer).includes('relay');
  assert.ok(net.clock.run(1000, found));
  assert.ok(net.clock.now <= 500, `${net.clock.now} ms`);
  assert.deepEqual(peer.gatherer.describeRelays()[0]?.transport, 'tcp');
});

test('a host that moves from a UDP-blocked network to an open one relays by UDP again', () => {
  const net = new VirtualInternet(1);
  const peer = net.peer(net.nat({ ...EASY, udpBlocked: true }));
  net.clock.run(1000);
  assert.equal(peer.gatherer.describeRelays()[0]?.transport, 'tcp');
  peer.host.removeInterface(peer.host.addresses[0] ?? '');
  peer.host.addInterface(net.nat(EASY).inner, '10.7.0.2');
  peer.gatherer.networkChanged(net.clock.now, peer.host.addresses);
  peer.pump();
  net.clock.run(200);
  assert.equal(peer.gatherer.describeRelays()[0]?.transport, 'udp');
});

test('when UDP works the other transports are not even tried', () => {
  const net = new VirtualInternet(1);
  const peer = net.peer(net.nat(EASY), serversOf(net.turn, ['udp', 'tcp', 'tls']));
  net.clock.run(5000);
  assert.equal(peer.gatherer.describeRelays()[0]?.transport, 'udp');
  assert.equal(net.turn.log.filter(entry => entry.startsWith('allocate 200')).length, 1);
});

test('of a server with two addresses both are asked at once, and one relay is kept', () => {
  const net = new VirtualInternet(1);
  const entries = serversOf(net.turn, ['udp', 'tcp']).flatMap(server => [
    { ...server, endpoint: { address: '2001:db8::53', port: 3478 }, serverName: 'turn.example' },
    { ...server, serverName: 'turn.example' },
  ]);
  const peer = net.peer(net.nat(EASY), entries); // no IPv6 here: nothing answers there
  net.clock.run(100);
  assert.ok(types(peer).includes('relay'));
  net.clock.run(5000);
  assert.equal(net.turn.allocations, 1);
  assert.equal(types(peer).filter(type => type === 'relay').length, 1);
});

test('a server that restarted gives a new relay', () => {
  const net = new VirtualInternet(1);
  const peer = net.peer(net.nat(EASY));
  net.clock.run(1000);
  const before = relayOf(peer);
  net.turn.restart();
  peer.gatherer.verify(net.clock.now);
  peer.pump();
  net.clock.run(200);
  assert.ok(relayOf(peer));
  assert.notEqual(relayOf(peer), before);
});

test('a server that is down is asked again, ever more seldom, and used when it is back', () => {
  const net = new VirtualInternet(1);
  net.turn.silent = true;
  const peer = net.peer(net.nat(EASY), serversOf(net.turn, ['udp']));
  net.clock.run(120_000);
  assert.match(peer.gatherer.describeRelays()[0]?.error ?? '', /answer/);
  net.turn.silent = false;
  net.clock.run(70_000);
  assert.ok(relayOf(peer));
});

test('an alternate server is used in place of the first', () => {
  const net = new VirtualInternet(1);
  net.addServer('203.0.113.2');
  net.turn.alternate = { address: '203.0.113.2', port: 3478 };
  const peer = net.peer(net.nat(EASY), serversOf(net.turn, ['udp']));
  net.clock.run(1000);
  assert.match(relayOf(peer) ?? '', /^203\.0\.113\.2:/);
});

test('credentials that end are replaced by newer ones in time (XEP-0215)', () => {
  const net = new VirtualInternet(1);
  net.turn.users.set('later', 'secret');
  const until = (username: string, expiresAt: number): IceServer[] =>
    serversOf(net.turn, ['udp']).map(server => ({ ...server, username, expiresAt }));
  const peer = net.peer(net.nat(EASY), until('user', 600_000));
  net.clock.run(300_000);
  const before = relayOf(peer);
  peer.gatherer.setServers(net.clock.now, until('later', 1_200_000));
  peer.pump();
  net.clock.run(200_000);
  assert.equal(relayOf(peer), before, 'as long as the old ones hold, nothing is disturbed');
  net.clock.run(75_000); // 575 s: the old ones have 25 s to go
  assert.ok(relayOf(peer));
  assert.notEqual(relayOf(peer), before);
  net.turn.users.delete('user');
  net.clock.run(600_000);
  assert.ok(relayOf(peer));
  assert.equal(net.turn.allocations, 1);
});

test('a server that is taken off the list gives its relay back', () => {
  const net = new VirtualInternet(1);
  const peer = net.peer(net.nat(EASY));
  net.clock.run(1000);
  peer.gatherer.setServers(net.clock.now, []);
  peer.pump();
  net.clock.run(1100);
  assert.equal(net.turn.allocations, 0);
  assert.deepEqual(types(peer), ['host']);
});

test('closing gives all relays back', () => {
  const net = new VirtualInternet(1);
  const peer = net.peer(net.nat(EASY));
  net.clock.run(1000);
  peer.gatherer.close(net.clock.now);
  peer.pump();
  net.clock.run(1100);
  assert.equal(net.turn.allocations, 0);
});

test('with 20 % loss there is still a relay within three seconds', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const net = new VirtualInternet(seed, { loss: 0.2 });
    const peer = net.peer(net.nat(EASY));
    assert.ok(
      net.clock.run(3000, () => types(peer).includes('relay')),
      `seed ${seed}`,
    );
  }
});

test('the kind of NAT shows in what two servers see', () => {
  const net = new VirtualInternet(1);
  net.addServer('203.0.113.2');
  const servers: IceServer[] = ['203.0.113.1', '203.0.113.2'].map(address => ({
    kind: 'stun',
    transport: 'udp',
    endpoint: { address, port: 3478 },
  }));
  const kind = (peer: VirtualPeer) => {
    const [address = ''] = peer.host.addresses;
    return natKind({ address, port: peer.host.port }, peer.gatherer.mappings).mapping;
  };
  const [open, easy, hard, blocked, vague] = [
    net.peer(undefined, servers),
    net.peer(net.nat(EASY), servers),
    net.peer(net.nat(SYMMETRIC), servers),
    net.peer(net.nat({ ...EASY, udpBlocked: true }), servers),
    net.peer(net.nat(EASY), servers.slice(0, 1)),
  ];
  net.clock.run(5000);
  assert.equal(kind(open), 'none');
  assert.equal(kind(easy), 'endpoint-independent');
  assert.equal(kind(hard), 'dependent');
  assert.equal(kind(blocked), 'blocked');
  assert.equal(kind(vague), 'unknown');
});
