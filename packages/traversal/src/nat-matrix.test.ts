import assert from 'node:assert/strict';
import { test } from 'node:test';
import { directPossible } from './virtual-network/direct-possible.ts';
import type { Behaviour, NatOptions } from './virtual-network/nat.ts';
import { VirtualInternet } from './virtual-network/virtual-site.ts';

// Every RFC 4787 mapping crossed with every filtering, on both sides: 81 pairs of NATs.

const BEHAVIOURS: readonly Behaviour[] = [
  'endpoint-independent',
  'address-dependent',
  'address-and-port-dependent',
];
const KINDS: readonly NatOptions[] = BEHAVIOURS.flatMap(mapping =>
  BEHAVIOURS.map(filtering => ({ mapping, filtering })),
);

interface Outcome {
  readonly direct: boolean;
  /** Milliseconds from the offer until both sides can send. */
  readonly firstMs: number;
  readonly directMs: number | undefined;
}

function meet(left: NatOptions, right: NatOptions, seed: number, loss = 0, jitter = 0): Outcome {
  const net = new VirtualInternet(seed, { loss, jitter });
  const a = net.peer(net.nat(left));
  const b = net.peer(net.nat(right));
  net.clock.run(1500);
  const started = net.clock.now;
  const [one, two] = net.connect(a, b);
  // Ends at once when it is as good as it can get; otherwise gives loss time to be made good.
  const settled = () => one.selected?.nominated === true && two.selected?.nominated === true;
  net.clock.run(20_000, () => settled() && net.clock.now > started + 3000);

  const label = `${left.mapping}/${left.filtering} – ${right.mapping}/${right.filtering}`;
  assert.ok(one.selected && two.selected, `${label} failed`);
  assert.ok(one.selected.nominated && two.selected.nominated, `${label}: not nominated`);
  assert.equal(one.selected.pair.relayed, two.selected.pair.relayed, `${label}: sides differ`);
  // What one side sends arrives at the other. With loss, not each; hence five.
  for (let i = 0; i < 5; i++) {
    a.sendText(one, 'to the right');
    b.sendText(two, 'to the left');
  }
  net.clock.run(200);
  assert.ok(b.received.includes('to the right') && a.received.includes('to the left'), label);
  const at = (time: number | undefined) => (time === undefined ? undefined : time - started);
  return {
    direct: !one.selected.pair.relayed,
    firstMs: Math.max(at(one.firstSelectedAt) ?? NaN, at(two.firstSelectedAt) ?? NaN),
    directMs: at(one.firstDirectAt),
  };
}

function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN;
}

function allPairs(): [NatOptions, NatOptions][] {
  return KINDS.flatMap(left => KINDS.map((right): [NatOptions, NatOptions] => [left, right]));
}

test('every pair that STUN can open is direct, the others go by relay, none fails', t => {
  const first: number[] = [];
  let direct = 0;
  for (const [left, right] of allPairs()) {
    const outcome = meet(left, right, 1);
    assert.equal(
      outcome.direct,
      directPossible(left, right),
      `${left.mapping}/${left.filtering} – ${right.mapping}/${right.filtering}`,
    );
    if (outcome.direct) direct++;
    first.push(outcome.firstMs);
  }
  t.diagnostic(`81 pairs: ${direct} direct, ${81 - direct} by relay`);
  t.diagnostic(`first path: median ${percentile(first, 0.5)} ms, worst ${percentile(first, 1)} ms`);
  assert.ok(percentile(first, 1) <= 300, 'the first packet waits for more than 300 ms');
});

test('with 20 % loss and reordering the same pairs are direct', t => {
  const first: number[] = [];
  for (const [index, [left, right]] of allPairs().entries()) {
    if (index % 2 === 1) continue; // half of them: the other half are the same, mirrored
    const outcome = meet(left, right, 100 + index, 0.2, 30);
    assert.equal(
      outcome.direct,
      directPossible(left, right),
      `${left.mapping}/${left.filtering} – ${right.mapping}/${right.filtering}`,
    );
    first.push(outcome.firstMs);
  }
  t.diagnostic(`first path: median ${percentile(first, 0.5)} ms, worst ${percentile(first, 1)} ms`);
  assert.ok(percentile(first, 0.5) <= 400);
});

test('a host whose UDP is blocked has a relay by TCP within a second, and reaches all kinds', () => {
  const blocked: NatOptions = {
    mapping: 'endpoint-independent',
    filtering: 'endpoint-independent',
    udpBlocked: true,
  };
  for (const kind of [...KINDS, blocked]) {
    const net = new VirtualInternet(7);
    const a = net.peer(net.nat(blocked));
    const b = net.peer(net.nat(kind));
    const relayed = net.clock.run(1000, () =>
      a.gatherer.candidates.some(({ type }) => type === 'relay'),
    );
    assert.ok(relayed, 'no relay within a second');
    net.clock.run(1000);
    const [one, two] = net.connect(a, b);
    net.clock.run(5000);
    assert.ok(one.selected?.pair.relayed && two.selected?.pair.relayed);
    a.sendText(one, 'hello');
    b.sendText(two, 'hello');
    net.clock.run(200);
    assert.ok(a.received.length > 0 && b.received.length > 0);
  }
});

test('two hosts behind one NAT use their inner addresses', () => {
  for (const kind of KINDS) {
    const net = new VirtualInternet(3);
    const nat = net.nat(kind);
    const [one, two] = net.connect(net.peer(nat), net.peer(nat));
    net.clock.run(5000);
    assert.match(one.selected?.pair.remote.address ?? '', /^10\./);
    assert.match(two.selected?.pair.remote.address ?? '', /^10\./);
  }
});

test('double NAT is as good as its stricter half', () => {
  const easy: NatOptions = {
    mapping: 'endpoint-independent',
    filtering: 'address-and-port-dependent',
  };
  const net = new VirtualInternet(5);
  const home = net.nat(easy);
  const inner = net.nat(easy, home.inner, '10.0.200.1');
  const a = net.peer(inner);
  const b = net.peer(net.nat(easy));
  net.clock.run(500);
  const [one, two] = net.connect(a, b);
  net.clock.run(5000);
  assert.equal(one.selected?.pair.relayed, false);
  assert.equal(two.selected?.pair.relayed, false);
});

test('behind one carrier NAT with hairpin two homes are direct, without it they use the relay', () => {
  const easy: NatOptions = {
    mapping: 'endpoint-independent',
    filtering: 'address-and-port-dependent',
  };
  for (const hairpin of [true, false]) {
    const net = new VirtualInternet(6);
    const carrier = net.nat({ ...easy, hairpin });
    const a = net.peer(net.nat(easy, carrier.inner, '100.64.0.1'));
    const b = net.peer(net.nat(easy, carrier.inner, '100.64.0.2'));
    net.clock.run(500);
    const [one] = net.connect(a, b);
    net.clock.run(8000);
    assert.equal(one.selected?.pair.relayed, !hairpin);
  }
});
