import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Endpoint } from '@evio/types';
import { encodeStun, parseStun, STUN_METHOD } from './stun-message.ts';
import { TurnAllocation, type TurnOutput } from './turn-allocation.ts';
import { Realm } from './virtual-network/realm.ts';
import { SeededRandom } from './virtual-network/seeded-random.ts';
import { TurnServerModel } from './virtual-network/turn-server-model.ts';
import { VirtualClock } from './virtual-network/virtual-clock.ts';
import { VirtualHost } from './virtual-network/virtual-host.ts';

const PEER = { address: '198.51.100.9', port: 4000 };

/** One allocation on a host that talks to a server model; in virtual time. */
class Bench {
  readonly clock = new VirtualClock();
  readonly random = new SeededRandom(1);
  readonly realm = new Realm(this.clock, this.random);
  readonly server = new TurnServerModel(this.clock, this.random, this.realm, {
    address: '203.0.113.1',
    port: 3478,
  });
  readonly host = new VirtualHost().addInterface(this.realm, '198.51.100.1');
  readonly outputs: TurnOutput[] = [];
  readonly received: { remote: Endpoint; text: string }[] = [];
  readonly atPeer: { source: Endpoint; text: string }[] = [];
  allocation: TurnAllocation;

  constructor({ password = 'secret' } = {}) {
    this.allocation = this.create(password);
    this.host.onDatagram = ({ bytes }) => {
      const message = parseStun(bytes);
      const inner = message && this.allocation.receive(this.clock.now, message);
      if (inner) {
        const text = Buffer.from(inner.bytes).toString();
        this.received.push({ remote: inner.remote, text });
      }
      this.pump();
    };
    const peer = new VirtualHost(PEER.port).addInterface(this.realm, PEER.address);
    peer.onDatagram = ({ source, bytes }) => {
      this.atPeer.push({ source, text: Buffer.from(bytes).toString() });
    };
    this.peer = peer;
  }

  readonly peer: VirtualHost;

  create(password: string, username = 'user'): TurnAllocation {
    const credentials = { username, password };
    return new TurnAllocation({ random: this.random.bytes, credentials, reliable: false });
  }

  start(): this {
    this.allocation.start(this.clock.now);
    this.pump();
    return this;
  }

  run(duration: number): this {
    this.clock.run(duration);
    return this;
  }

  pump(): void {
    const { allocation } = this;
    for (let out = allocation.poll(); out; out = allocation.poll()) {
      if (out.type === 'transmit') this.host.send(this.server.endpoint, out.bytes);
      else this.outputs.push(out);
    }
    const next = allocation.nextTimeout();
    if (next === undefined) return;
    this.clock.at(next, () => {
      this.allocation.tick(this.clock.now);
      if (this.allocation.nextTimeout() !== next) this.pump();
    });
  }

  send(text: string): void {
    this.allocation.send(this.clock.now, PEER, Buffer.from(text));
    this.pump();
  }

  closed(): Extract<TurnOutput, { type: 'closed' }> | undefined {
    return this.outputs.find(output => output.type === 'closed');
  }
}

test('a 401 is answered with credentials, and the relay is there', () => {
  const bench = new Bench().start().run(100);
  assert.deepEqual(bench.server.log, ['allocate 401', 'allocate 200']);
  assert.deepEqual(bench.allocation.relayed, { address: '203.0.113.1', port: 50000 });
  const allocated = bench.outputs.find(({ type }) => type === 'allocated');
  assert.ok(allocated?.type === 'allocated');
  assert.deepEqual(allocated.mapped, { address: '198.51.100.1', port: 40000 });
});

test('wrong credentials end it with a clear code, not with a loop', () => {
  const bench = new Bench({ password: 'wrong' }).start().run(20_000);
  assert.equal(bench.closed()?.error.code, 'TURN_UNAUTHORIZED');
  assert.deepEqual(bench.server.log, ['allocate 401', 'allocate 401']);
});

test('a stale nonce is renewed, and the allocation lives on (RFC 8489 §9.2.5)', () => {
  const bench = new Bench().start().run(100);
  for (let hour = 0; hour < 3; hour++) {
    bench.server.renewNonce();
    bench.run(3_600_000);
  }
  assert.ok(bench.server.log.includes('refresh 438'));
  assert.ok(bench.allocation.relayed);
  assert.equal(bench.server.allocations, 1);
  assert.equal(bench.closed(), undefined);
});

test('a server that renews its nonce with every answer is given up', () => {
  const bench = new Bench();
  bench.start();
  for (let i = 0; i < 100; i++) {
    bench.server.renewNonce();
    bench.run(5);
  }
  assert.equal(bench.closed()?.error.code, 'TURN_REFUSED');
});

test('an allocation of an earlier life is ended first (437)', () => {
  const bench = new Bench().start().run(100);
  bench.allocation = bench.create('secret'); // as after kill -9: same port, nothing remembered
  bench.start().run(1500);
  assert.ok(bench.server.log.includes('allocate 437'));
  assert.deepEqual(bench.allocation.relayed, { address: '203.0.113.1', port: 50001 });
});

test('a server that sends us elsewhere is believed (300)', () => {
  const bench = new Bench();
  bench.server.alternate = { address: '203.0.113.2', port: 3478 };
  bench.start().run(200);
  assert.equal(bench.closed()?.error.code, 'TURN_ALTERNATE');
  assert.deepEqual(bench.closed()?.alternate, { address: '203.0.113.2', port: 3478 });
});

test('a server that has only IPv6 to give is asked for that (440)', () => {
  const bench = new Bench();
  bench.server.onlyIpv6 = true;
  bench.start().run(200);
  assert.deepEqual(bench.server.log, ['allocate 401', 'allocate 440', 'allocate 200']);
  assert.ok(bench.allocation.relayed);
});

test('a server without room says so (486)', () => {
  const bench = new Bench();
  bench.server.refuseWith = 486;
  bench.start().run(200);
  assert.equal(bench.closed()?.error.code, 'TURN_REFUSED');
  assert.match(bench.closed()?.error.message ?? '', /486/);
});

test('a silent server is given up after eight seconds', () => {
  const bench = new Bench();
  bench.server.silent = true;
  bench.start().run(7900);
  assert.equal(bench.closed(), undefined);
  bench.run(200);
  assert.equal(bench.closed()?.error.code, 'TURN_SILENT');
  assert.equal(bench.allocation.nextTimeout(), undefined);
});

test('the first datagrams go as indications, later ones as channel data', () => {
  const bench = new Bench().start().run(100);
  bench.send('first');
  bench.run(100);
  assert.deepEqual(bench.atPeer, [
    { source: { address: '203.0.113.1', port: 50000 }, text: 'first' },
  ]);
  bench.send('second');
  const data = bench.outputs.find(({ type }) => type === 'channelData');
  assert.ok(data?.type === 'channelData');
  assert.equal(data.channel.channel, 0x4000);
  assert.equal(Buffer.from(data.bytes).toString(), 'second');
});

test('what a permitted peer sends from another port comes as an indication', () => {
  const bench = new Bench().start().run(100);
  bench.send('open');
  bench.run(100);
  const other = new VirtualHost(4001).addInterface(bench.realm, PEER.address);
  other.send({ address: '203.0.113.1', port: 50000 }, Buffer.from('from elsewhere'));
  bench.run(100);
  assert.deepEqual(bench.received, [
    { remote: { address: PEER.address, port: 4001 }, text: 'from elsewhere' },
  ]);
});

test('indications about peers that we never wanted are dropped', () => {
  const bench = new Bench().start().run(100);
  const bytes = encodeStun({
    method: STUN_METHOD.data,
    class: 'indication',
    transactionId: '0'.repeat(24),
    attributes: { 'XOR-PEER-ADDRESS': PEER, DATA: Buffer.from('x') },
  });
  const message = parseStun(bytes);
  assert.ok(message);
  assert.equal(bench.allocation.receive(bench.clock.now, message), undefined);
});

test('a channel in use is bound again before its permission ends, an unused one is let go', () => {
  const bench = new Bench().start().run(100);
  for (let i = 0; i < 100; i++) {
    bench.send('on');
    bench.run(5000);
  }
  const binds = () => bench.server.log.filter(entry => entry === 'channelBind 200').length;
  assert.equal(binds(), 3);
  bench.run(600_000);
  assert.ok(bench.outputs.some(({ type }) => type === 'unbindChannel'));
  assert.ok(binds() <= 4);
});

test('when the NAT in front forgets us, verify finds out within a second', () => {
  const bench = new Bench().start().run(1000);
  bench.server.restart();
  bench.allocation.verify(bench.clock.now);
  bench.pump();
  bench.run(100);
  assert.equal(bench.closed()?.error.code, 'TURN_LOST');

  const silent = new Bench().start().run(1000);
  silent.server.silent = true;
  silent.allocation.verify(silent.clock.now);
  silent.pump();
  silent.run(950);
  assert.equal(silent.closed()?.error.code, 'TURN_SILENT');
});

test('an allocation given back is gone from the server', () => {
  const bench = new Bench().start().run(100);
  bench.allocation.release(bench.clock.now);
  bench.pump();
  bench.run(1100);
  assert.equal(bench.server.allocations, 0);
});

test('answers that are not signed with our key have no effect', () => {
  const bench = new Bench();
  const sent: Uint8Array[] = [];
  const send = bench.host.send.bind(bench.host);
  bench.host.send = (destination, bytes, source) => {
    sent.push(bytes);
    send(destination, bytes, source);
  };
  bench.start().run(25); // the Allocate with credentials is on its way
  bench.server.silent = true;
  const request = sent.map(parseStun).find(message => message?.hasIntegrity);
  assert.ok(request);
  const forged = encodeStun({
    method: STUN_METHOD.allocate,
    class: 'success',
    transactionId: request.transactionId,
    attributes: { 'XOR-RELAYED-ADDRESS': PEER, 'XOR-MAPPED-ADDRESS': PEER, LIFETIME: 600 },
    key: Buffer.alloc(16),
  });
  const message = parseStun(forged);
  assert.ok(message);
  bench.allocation.receive(bench.clock.now, message);
  assert.equal(bench.allocation.relayed, undefined);
});
