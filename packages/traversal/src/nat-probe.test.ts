import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Endpoint } from '@evio/types';
import { NatProbe, type NatProbeResult } from './nat-probe.ts';
import { encodeStun, parseStun, STUN_METHOD } from './stun-message.ts';
import { type Behaviour, Nat } from './virtual-network/nat.ts';
import { Realm } from './virtual-network/realm.ts';
import { SeededRandom } from './virtual-network/seeded-random.ts';
import { VirtualClock } from './virtual-network/virtual-clock.ts';
import { VirtualHost } from './virtual-network/virtual-host.ts';

const BEHAVIOURS: readonly Behaviour[] = [
  'endpoint-independent',
  'address-dependent',
  'address-and-port-dependent',
];
const ADDRESSES = ['203.0.113.1', '203.0.113.2'] as const;
const PORTS = [3478, 3479] as const;

/** A server with two addresses and two ports (RFC 5780 §6), or with one. */
function serve(realm: Realm, twofold: boolean): void {
  for (const address of twofold ? ADDRESSES : ADDRESSES.slice(0, 1)) {
    realm.attach(address, {
      deliver: ({ source, destination, bytes }) => {
        const request = parseStun(bytes);
        if (request === undefined) return;
        const change = request.get('CHANGE-REQUEST') ?? 0;
        const other = (list: readonly string[], one: string) => list.find(x => x !== one) ?? one;
        const otherPort = PORTS.find(port => port !== destination.port) ?? 0;
        const from: Endpoint = {
          address: change & 4 ? other(ADDRESSES, address) : address,
          port: change & 2 ? otherPort : destination.port,
        };
        const second = { address: other(ADDRESSES, address), port: otherPort };
        const answer = encodeStun({
          method: STUN_METHOD.binding,
          class: 'success',
          transactionId: request.transactionId,
          attributes: {
            'XOR-MAPPED-ADDRESS': source,
            ...(twofold ? { 'OTHER-ADDRESS': second } : {}),
          },
        });
        realm.send({ source: from, destination: source, bytes: answer });
      },
    });
  }
}

function probe(
  nat: { mapping: Behaviour; filtering: Behaviour; udpBlocked?: boolean } | undefined,
  twofold = true,
): NatProbeResult | undefined {
  const clock = new VirtualClock();
  const random = new SeededRandom(1);
  const internet = new Realm(clock, random);
  serve(internet, twofold);
  const [realm, address] = nat
    ? [new Nat(clock, random, internet, '198.51.100.1', nat).inner, '10.0.0.2']
    : [internet, '198.51.100.2'];
  const host = new VirtualHost().addInterface(realm, address);
  const local = { address, port: host.port };
  const server = { address: ADDRESSES[0], port: PORTS[0] };
  const subject = new NatProbe(0, local, server, random.bytes);
  const pump = () => {
    for (let out = subject.poll(); out; out = subject.poll()) host.send(out.remote, out.bytes);
  };
  host.onDatagram = ({ source, bytes }) => {
    subject.receive(clock.now, bytes, source);
    pump();
  };
  pump();
  for (let now = 0; now < 20_000; now += 50) {
    clock.run(50);
    subject.tick(clock.now);
    pump();
  }
  return subject.result;
}

test('every mapping and every filtering is told apart (RFC 5780 §4.3, §4.4)', () => {
  for (const mapping of BEHAVIOURS) {
    for (const filtering of BEHAVIOURS) {
      const result = probe({ mapping, filtering });
      assert.ok(result?.kind === 'behaviour');
      assert.equal(result.filtering, filtering);
      const vague = mapping === 'address-dependent' && filtering === 'endpoint-independent';
      if (!vague) assert.equal(result.mapping, mapping); // the limit that the class names
    }
  }
});

test('a host without NAT has none', () => {
  const result = probe(undefined);
  assert.ok(result?.kind === 'behaviour');
  assert.equal(result.mapping, 'none');
  assert.equal(result.filtering, 'endpoint-independent');
});

test('a server with one address cannot tell', () => {
  const easy = { mapping: 'endpoint-independent', filtering: 'endpoint-independent' } as const;
  assert.equal(probe(easy, false)?.kind, 'unsupported');
});

test('blocked UDP shows as silence', () => {
  const easy = { mapping: 'endpoint-independent', filtering: 'endpoint-independent' } as const;
  assert.equal(probe({ ...easy, udpBlocked: true })?.kind, 'silent');
});
