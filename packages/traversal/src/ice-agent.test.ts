import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Candidate } from '@evio/types';
import { candidateFoundation, candidatePriority, wireCandidate } from './candidate.ts';
import { encodeCheck, encodeCheckSuccess } from './connectivity-check.ts';
import { IceAgent } from './ice-agent.ts';
import { parseStun } from './stun-message.ts';
import type { NatOptions } from './virtual-network/nat.ts';
import { Realm } from './virtual-network/realm.ts';
import { SeededRandom } from './virtual-network/seeded-random.ts';
import { VirtualHost } from './virtual-network/virtual-host.ts';
import { serversOf, VirtualPeer } from './virtual-network/virtual-peer.ts';
import { VirtualInternet } from './virtual-network/virtual-site.ts';

const PORT_RESTRICTED: NatOptions = {
  mapping: 'endpoint-independent',
  filtering: 'address-and-port-dependent',
};
const SYMMETRIC: NatOptions = {
  mapping: 'address-and-port-dependent',
  filtering: 'address-and-port-dependent',
};

/** Two peers behind NATs, connected; the clock stands where both have nominated. */
function connected(left: NatOptions = PORT_RESTRICTED, right: NatOptions = PORT_RESTRICTED) {
  const net = new VirtualInternet(11);
  const nats = [net.nat(left), net.nat(right)] as const;
  const a = net.peer(nats[0]);
  const b = net.peer(nats[1]);
  net.clock.run(500);
  const [one, two] = net.connect(a, b);
  net.clock.run(4000);
  assert.ok(one.selected?.nominated && two.selected?.nominated);
  return { net, a, b, one, two, nats };
}

function agent(role: 'controlling' | 'controlled', seed: number): IceAgent {
  return new IceAgent({ role, random: new SeededRandom(seed).bytes });
}

const HERE = { address: '192.0.2.1', port: 4000 };
const THERE = { address: '192.0.2.2', port: 4000 };
const BASE = { kind: 'host', local: HERE } as const;
const FROM = { base: BASE, remote: THERE };

function hostCandidate(endpoint: Candidate['endpoint']): Candidate {
  return {
    foundation: candidateFoundation('host', endpoint.address),
    priority: candidatePriority('host', 65535),
    type: 'host',
    endpoint,
  };
}

/** An agent with one pair, and the first check it sends. */
function checking(seed = 1) {
  const subject = agent('controlling', seed);
  const peer = agent('controlled', seed + 1000);
  subject.addLocalCandidate(0, { ...hostCandidate(HERE), base: BASE });
  subject.setRemote(0, peer.credentials);
  subject.addRemoteCandidate(0, hostCandidate(THERE));
  const sent = transmitted(subject);
  assert.ok(sent[0]);
  return { subject, peer, check: sent[0] };
}

function transmitted(subject: IceAgent): Uint8Array[] {
  const sent: Uint8Array[] = [];
  for (let out = subject.poll(); out; out = subject.poll()) {
    if (out.type === 'transmit') sent.push(out.bytes);
  }
  return sent;
}

test('data can flow on the first pair that works, before nomination', () => {
  const net = new VirtualInternet(2);
  const [one, two] = net.connect(
    net.peer(net.nat(PORT_RESTRICTED)),
    net.peer(net.nat(PORT_RESTRICTED)),
  );
  net.clock.run(1000, () => one.selected !== undefined && two.selected !== undefined);
  assert.equal(one.selected?.nominated, false);
  assert.equal(one.agent.state, 'connected');
});

test('a relayed pair carries data at once and is nominated only when direct ones had their time', () => {
  const net = new VirtualInternet(2);
  const a = net.peer(net.nat(SYMMETRIC));
  const b = net.peer(net.nat(SYMMETRIC));
  net.clock.run(500);
  const [one] = net.connect(a, b);
  const started = net.clock.now;
  net.clock.run(10_000, () => one.selected !== undefined);
  assert.ok(one.selected?.pair.relayed);
  assert.ok(net.clock.now - started < 300);
  net.clock.run(10_000, () => one.selected?.nominated === true);
  assert.ok(net.clock.now - started >= 2000);
});

test('a direct pair that works late replaces a nominated relay on both sides', () => {
  const net = new VirtualInternet(4);
  const a = net.peer(net.nat(PORT_RESTRICTED));
  const b = net.peer(net.nat(PORT_RESTRICTED));
  net.clock.run(500);
  // b's direct candidates arrive late: signaling loses all but the relay at first.
  const left = a.link('controlling');
  const right = b.link('controlled');
  const only = (peer: VirtualPeer, type: string) =>
    peer.gatherer.candidates.filter(c => c.type === type).map(wireCandidate);
  left.agent.setRemote(net.clock.now, right.agent.credentials);
  right.agent.setRemote(net.clock.now, left.agent.credentials);
  for (const c of only(b, 'relay')) left.agent.addRemoteCandidate(net.clock.now, c);
  for (const c of only(a, 'relay')) right.agent.addRemoteCandidate(net.clock.now, c);
  a.pump();
  b.pump();
  net.clock.run(4000);
  assert.ok(left.selected?.nominated && left.selected.pair.relayed);
  for (const c of only(b, 'srflx')) left.agent.addRemoteCandidate(net.clock.now, c);
  for (const c of only(a, 'srflx')) right.agent.addRemoteCandidate(net.clock.now, c);
  a.pump();
  b.pump();
  net.clock.run(3000);
  assert.ok(left.selected.nominated && !left.selected.pair.relayed);
  assert.ok(right.selected?.nominated && !right.selected.pair.relayed);
});

test('both sides controlling or both controlled: they agree (RFC 8445 §7.3.1.1)', () => {
  for (const role of ['controlling', 'controlled'] as const) {
    for (let seed = 1; seed <= 10; seed++) {
      const net = new VirtualInternet(seed);
      const a = net.peer(net.nat(PORT_RESTRICTED));
      const b = net.peer(net.nat(PORT_RESTRICTED));
      net.clock.run(500);
      const [one, two] = [a.link(role), b.link(role)];
      for (const [peer, link, other, from] of [
        [a, one, two, b],
        [b, two, one, a],
      ] as const) {
        link.agent.setRemote(net.clock.now, other.agent.credentials);
        for (const c of from.gatherer.candidates) {
          link.agent.addRemoteCandidate(net.clock.now, wireCandidate(c));
        }
        peer.pump();
      }
      net.clock.run(5000);
      assert.notEqual(one.agent.role, two.agent.role);
      assert.ok(one.selected?.nominated && two.selected?.nominated, `${role} ${seed}`);
      assert.deepEqual(one.selected.pair.relayed, false);
    }
  }
});

test('candidates may all come late (RFC 8838)', () => {
  const net = new VirtualInternet(9);
  const a = net.peer(net.nat(PORT_RESTRICTED));
  const b = net.peer(net.nat(PORT_RESTRICTED));
  // Connects before any server has answered: host candidates first, the rest trickles.
  const [one, two] = net.connect(a, b);
  assert.deepEqual(
    a.gatherer.candidates.map(({ type }) => type),
    ['host'],
  );
  net.clock.run(3000);
  assert.equal(one.selected?.pair.relayed, false);
  assert.equal(two.selected?.pair.relayed, false);
});

test('checks that come before the answer are followed up when it is there', () => {
  const net = new VirtualInternet(12);
  net.signalingDelay = 300; // the answer takes longer than the first checks
  const [one, two] = net.connect(net.peer(), net.peer());
  net.clock.run(300 + 60, () => two.selected !== undefined);
  assert.ok(two.selected, 'the answerer hears answers before the offerer knows it');
  net.clock.run(300);
  assert.ok(one.selected);
});

test('IPv6 hosts connect, and IPv6 is used only with IPv6', () => {
  const net = new VirtualInternet(13);
  const random = new SeededRandom(1);
  const six = new Realm(net.clock, random, { delay: 10 });
  const dual = (index: number) => {
    const nat = net.nat(SYMMETRIC);
    const host = new VirtualHost()
      .addInterface(nat.inner, `10.1.${index}.2`)
      .addInterface(six, `2001:db8::${index}`);
    const peer = new VirtualPeer(net.clock, random, host, [net.turn]);
    peer.start(serversOf(net.turn));
    return peer;
  };
  const [a, b] = [dual(1), dual(2)];
  net.clock.run(500);
  const [one, two] = net.connect(a, b);
  net.clock.run(4000);
  assert.equal(one.selected?.pair.remote.address, '2001:db8::2');
  assert.equal(two.selected?.pair.remote.address, '2001:db8::1');
});

test('a path that dies is reported in less than a second after a suspicion, and the peer is not trusted for ever', () => {
  const { net, a, one } = connected();
  net.internet.conditions.loss = 1;
  net.clock.run(1000);
  const suspected = net.clock.now;
  one.agent.verify(suspected);
  a.pump();
  net.clock.run(2000, () => one.agent.state === 'disconnected');
  assert.ok(net.clock.now - suspected <= 800, `${net.clock.now - suspected} ms`);
  net.clock.run(40_000);
  assert.equal(one.agent.state, 'failed');
  assert.equal(one.agent.nextTimeout(), undefined);
  assert.equal(one.agent.poll(), undefined);
});

test('without a suspicion it is reported within seven seconds', () => {
  const { net, one, two } = connected();
  net.internet.conditions.loss = 1;
  const down = () => one.agent.state === 'disconnected' && two.agent.state === 'disconnected';
  assert.ok(net.clock.run(7000, down));
});

test('an outage shorter than the consent heals by itself', () => {
  const { net, one, two } = connected();
  net.internet.conditions.loss = 1;
  net.clock.run(20_000);
  assert.equal(one.agent.state, 'disconnected');
  net.internet.conditions.loss = 0;
  net.clock.run(5000);
  assert.equal(one.agent.state, 'connected');
  assert.equal(two.agent.state, 'connected');
});

test('a healthy path is quiet and stays connected for an hour', () => {
  const { net, one, two } = connected();
  const before = one.states.length;
  net.clock.run(3_600_000);
  assert.equal(one.states.length, before);
  assert.equal(one.agent.state, 'connected');
  assert.equal(two.agent.state, 'connected');
});

test('when one NAT forgets its mappings, a relay takes over without any signaling', () => {
  const { net, a, b, one, two, nats } = connected();
  assert.equal(one.selected?.pair.relayed, false);
  net.signalingDelay = undefined;
  nats[0].flush();
  const flushed = net.clock.now;
  for (const [peer, { agent }] of [
    [a, one],
    [b, two],
  ] as const) {
    agent.verify(net.clock.now);
    peer.gatherer.verify(net.clock.now);
    peer.pump();
  }
  assert.ok(net.clock.run(1000, () => one.agent.state === 'disconnected'));
  net.clock.run(100);
  const healed = () => one.agent.state === 'connected' && two.agent.state === 'connected';
  assert.ok(net.clock.run(5000, healed), `${one.agent.state} ${two.agent.state}`);
  assert.ok(net.clock.now - flushed <= 1200, `${net.clock.now - flushed} ms`);
});

test('when both NATs forget, new candidates trickled into the old session are enough', () => {
  const { net, a, b, one, two, nats } = connected();
  for (const nat of nats) nat.flush();
  const flushed = net.clock.now;
  for (const [peer, { agent }] of [
    [a, one],
    [b, two],
  ] as const) {
    agent.verify(net.clock.now);
    peer.gatherer.verify(net.clock.now);
    peer.pump();
  }
  net.clock.run(500);
  const healed = () => one.agent.state === 'connected' && two.agent.state === 'connected';
  assert.ok(net.clock.run(5000, healed), `${one.agent.state} ${two.agent.state}`);
  assert.ok(net.clock.now - flushed <= 1200, `${net.clock.now - flushed} ms`);
});

test('an ICE restart is a new agent beside the old one', () => {
  const { net, a, b, one, two, nats } = connected();
  nats[0].moveTo('198.51.100.200');
  nats[1].flush();
  const moved = net.clock.now;
  for (const peer of [a, b]) {
    peer.gatherer.verify(net.clock.now);
    peer.pump();
  }
  const [again, too] = net.connect(a, b);
  net.clock.run(1000, () => again.selected !== undefined && too.selected !== undefined);
  assert.ok(net.clock.now - moved <= 600, `${net.clock.now - moved} ms`);
  net.clock.run(3000);
  assert.equal(again.selected?.pair.relayed, false);
  a.drop(one);
  b.drop(two);
  net.clock.run(60_000);
  assert.equal(again.agent.state, 'connected');
  assert.equal(too.agent.state, 'connected');
});

test('a base that is removed ends its path at once', () => {
  const { net, a, one } = connected();
  const gone = a.gatherer.candidates.find(({ type }) => type === 'host');
  assert.ok(gone);
  one.agent.removeLocalCandidate(net.clock.now, gone);
  a.pump();
  assert.equal(one.agent.state, 'disconnected');
  net.clock.run(2000);
  assert.equal(one.agent.state, 'connected');
  assert.ok(one.selected?.pair.relayed);
});

test('a session without any way fails after its patience', () => {
  const subject = agent('controlling', 1);
  subject.addLocalCandidate(0, { ...hostCandidate(HERE), base: BASE });
  subject.setRemote(0, agent('controlled', 2).credentials);
  subject.addRemoteCandidate(0, hostCandidate(THERE));
  for (let now = 0; now <= 20_000; now = subject.nextTimeout() ?? 30_000) subject.tick(now);
  assert.equal(subject.state, 'failed');
});

test('answers that are forged, or come another way, have no effect', () => {
  const { subject, peer, check } = checking();
  const request = parseStun(check);
  assert.ok(request);
  const forged = encodeCheckSuccess(request, HERE, 'not the password of the peer');
  assert.equal(subject.receive(1, forged, FROM), false);
  assert.equal(subject.counters.unauthenticated, 1);
  const genuine = encodeCheckSuccess(request, HERE, peer.localPassword);
  const elsewhere = { base: BASE, remote: { address: '192.0.2.66', port: 4000 } };
  assert.equal(subject.receive(1, genuine, elsewhere), false);
  assert.equal(subject.selected, undefined);
  assert.equal(subject.receive(1, genuine, FROM), true, 'the true answer still counts');
  assert.ok(subject.selected);
  assert.equal(subject.receive(2, genuine, FROM), false, 'but only once');
});

test('checks without the right credentials are neither answered nor believed', () => {
  const { subject, peer } = checking();
  const fields = {
    transactionId: '000102030405060708090a0b',
    localUfrag: peer.localUfrag,
    remote: subject.credentials,
    priority: 1,
    role: 'controlled',
    tieBreaker: 1n,
    nominate: false,
  } as const;
  const stranger = { address: '192.0.2.66', port: 666 };
  const wrongPassword = { ...subject.credentials, password: 'x'.repeat(24) };
  const bad = [
    encodeCheck({ ...fields, remote: wrongPassword }),
    encodeCheck({ ...fields, localUfrag: 'another' }),
    encodeCheck({ ...fields, remote: { ...subject.credentials, ufrag: 'another' } }),
    encodeCheck(fields).subarray(0, -8),
    Uint8Array.of(0, 1, 0, 0),
  ];
  for (const bytes of bad) {
    assert.equal(subject.receive(1, bytes, { base: BASE, remote: stranger }), false);
  }
  assert.deepEqual(transmitted(subject), []);
  assert.ok(!subject.describe().join().includes('192.0.2.66'));
  assert.equal(subject.receive(1, encodeCheck(fields), { base: BASE, remote: stranger }), true);
  assert.equal(transmitted(subject).length, 1);
});

test('strangers cannot make the list of candidates grow without end, nor can the peer', () => {
  const { subject, peer } = checking();
  for (let port = 1; port <= 1000; port++) {
    const bytes = encodeCheck({
      transactionId: port.toString(16).padStart(24, '0'),
      localUfrag: peer.localUfrag,
      remote: subject.credentials,
      priority: 1,
      role: 'controlled',
      tieBreaker: 1n,
      nominate: true,
    });
    subject.receive(port, bytes, { base: BASE, remote: { address: '192.0.2.3', port } });
  }
  assert.ok(subject.describe().length <= 100);
  assert.ok(subject.counters.candidatesRefused > 900);
});

test('credentials that are not ice-chars are refused', () => {
  const subject = agent('controlling', 1);
  assert.equal(subject.setRemote(0, { ufrag: 'a:b', password: 'x'.repeat(24) }), false);
  assert.equal(subject.setRemote(0, { ufrag: 'abcd', password: 'short' }), false);
  assert.equal(subject.state, 'new');
});

test('new checks keep their distance (Ta)', () => {
  const subject = agent('controlling', 5);
  const peer = agent('controlled', 6);
  subject.addLocalCandidate(0, { ...hostCandidate(HERE), base: BASE });
  subject.setRemote(0, peer.credentials);
  for (let i = 0; i < 10; i++) {
    subject.addRemoteCandidate(0, hostCandidate({ address: `192.0.3.${i}`, port: 1 }));
  }
  const remotes = new Set<string>();
  const times: number[] = [];
  for (let now = 0; now < 400; now++) {
    subject.tick(now);
    for (let out = subject.poll(); out; out = subject.poll()) {
      if (out.type !== 'transmit' || remotes.has(out.remote.address)) continue;
      remotes.add(out.remote.address);
      times.push(now);
    }
  }
  assert.deepEqual(times, [0, 20, 40, 60, 80, 100, 120, 140, 160, 180]);
});
