import type { Endpoint } from '@evio/types';
import type { SeededRandom } from './seeded-random.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** A UDP datagram on its way. */
export interface Packet {
  readonly source: Endpoint;
  readonly destination: Endpoint;
  readonly bytes: Uint8Array;
}

/** What can stand at an address. */
export interface Device {
  deliver(packet: Packet): void;
}

/** How a network treats packets. */
export interface Conditions {
  /** One way, milliseconds. */
  delay: number;
  /** Added at random, 0 to this; reorders when it is larger than the gaps. Milliseconds. */
  jitter: number;
  /** 0 to 1, for each packet. */
  loss: number;
}

/** One address space: the internet, or a network behind a NAT. */
export class Realm {
  readonly conditions: Conditions;
  readonly #clock: VirtualClock;
  readonly #random: SeededRandom;
  readonly #devices = new Map<string, Device>();
  /** Where packets for unknown addresses go. */
  gateway: ((packet: Packet) => void) | undefined;
  /** Packets accepted for sending, for counting what a protocol costs. */
  sent = 0;

  constructor(clock: VirtualClock, random: SeededRandom, conditions: Partial<Conditions> = {}) {
    this.#clock = clock;
    this.#random = random;
    this.conditions = { delay: 10, jitter: 0, loss: 0, ...conditions };
  }

  attach(address: string, device: Device): void {
    this.#devices.set(address, device);
  }

  detach(address: string): void {
    this.#devices.delete(address);
  }

  send(packet: Packet): void {
    this.sent++;
    const device = this.#devices.get(packet.destination.address);
    if (device === undefined) {
      this.gateway?.(packet);
      return;
    }
    const { delay, jitter, loss } = this.conditions;
    if (this.#random.next() < loss) return;
    const at = this.#clock.now + delay + jitter * this.#random.next();
    this.#clock.at(at, () => {
      // By address, not by device: it may have moved meanwhile.
      this.#devices.get(packet.destination.address)?.deliver(packet);
    });
  }
}
