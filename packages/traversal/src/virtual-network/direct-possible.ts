import { type Endpoint, sameEndpoint } from '@evio/types';
import { Nat, type NatOptions } from './nat.ts';
import { type Packet, Realm } from './realm.ts';
import { SeededRandom } from './seeded-random.ts';
import { VirtualClock } from './virtual-clock.ts';
import { VirtualHost } from './virtual-host.ts';

/** Rounds in which each side sends to all it knows; far more than any opening needs. */
const ROUNDS = 8;

/**
 * Whether two hosts behind these NATs can reach each other with no more than STUN: each sends again
 * and again, from its one socket, to every address it knows of the other (from the STUN server, or
 * from packets that arrived), on a network without loss. The measure for the real thing.
 */
export function directPossible(left: NatOptions, right: NatOptions): boolean {
  const clock = new VirtualClock();
  const random = new SeededRandom(1);
  const internet = new Realm(clock, random, { delay: 1 });
  const stun = { address: '203.0.113.1', port: 3478 };
  const mapped: Endpoint[] = [];
  internet.attach(stun.address, { deliver: ({ source }) => mapped.push(source) });

  const sides = [left, right].map((options, index) => {
    const nat = new Nat(clock, random, internet, `198.51.100.${index + 1}`, options, { delay: 1 });
    const host = new VirtualHost().addInterface(nat.inner, `10.0.${index}.2`);
    const known: Endpoint[] = [];
    const side = { host, known, answered: false };
    host.onDatagram = ({ source, bytes }: Packet) => {
      if (!known.some(other => sameEndpoint(other, source))) known.push(source);
      if (bytes[0] === 1) host.send(source, Uint8Array.of(2));
      else side.answered = true;
    };
    return side;
  });
  for (const { host } of sides) {
    host.send(stun, Uint8Array.of(0));
    clock.run(10);
  }
  const [first, second] = sides;
  const [firstMapped, secondMapped] = mapped;
  if (!first || !second || !firstMapped || !secondMapped) return false;
  first.known.push(secondMapped);
  second.known.push(firstMapped);
  for (let round = 0; round < ROUNDS; round++) {
    for (const { host, known } of sides) {
      for (const endpoint of [...known]) host.send(endpoint, Uint8Array.of(1));
    }
    clock.run(10);
  }
  return sides.every(({ answered }) => answered);
}
