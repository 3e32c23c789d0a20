import type { Endpoint } from '@evio/types';
import { endpointKey } from '../address.ts';
import { type Conditions, type Packet, Realm } from './realm.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** RFC 4787 §4.1 (mapping) and §5 (filtering). */
export type Behaviour = 'endpoint-independent' | 'address-dependent' | 'address-and-port-dependent';

export interface NatOptions {
  readonly mapping: Behaviour;
  readonly filtering: Behaviour;
  /** Whether hosts behind it reach each other by their outer addresses. */
  readonly hairpin?: boolean;
  /** How long a mapping lives without an outbound packet. Milliseconds. */
  readonly timeout?: number;
  /** Drops all UDP that wants out. */
  readonly udpBlocked?: boolean;
}

interface Mapping {
  readonly port: number;
  readonly internal: Endpoint;
  usedAt: number;
  /** Endpoints and addresses the inside has sent to through it. */
  readonly contacted: Set<string>;
}

/** A NAT between an outer realm and its own inner one. */
export class Nat {
  readonly inner: Realm;
  readonly #clock: VirtualClock;
  readonly #random: SeededRandom;
  readonly #outer: Realm;
  readonly #options: NatOptions;
  readonly #byKey = new Map<string, Mapping>();
  readonly #byPort = new Map<number, Mapping>();
  /** Which mapping a remote came in by, so that the answer leaves by the same. */
  readonly #sessions = new Map<string, Mapping>();
  #address: string;

  constructor(
    clock: VirtualClock,
    random: SeededRandom,
    outer: Realm,
    address: string,
    options: NatOptions,
    conditions: Partial<Conditions> = { delay: 1 },
  ) {
    this.#clock = clock;
    this.#random = random;
    this.#outer = outer;
    this.#address = address;
    this.#options = options;
    this.inner = new Realm(clock, random, conditions);
    this.inner.gateway = packet => this.#outbound(packet);
    outer.attach(address, { deliver: packet => this.#inbound(packet) });
  }

  get address(): string {
    return this.#address;
  }

  /** Forgets all mappings, as after a restart. */
  flush(): void {
    this.#byKey.clear();
    this.#byPort.clear();
    this.#sessions.clear();
  }

  /** Gets another outer address, and forgets all mappings. */
  moveTo(address: string): void {
    this.#outer.detach(this.#address);
    this.#address = address;
    this.#outer.attach(address, { deliver: packet => this.#inbound(packet) });
    this.flush();
  }

  #outbound({ source, destination, bytes }: Packet): void {
    if (this.#options.udpBlocked) return;
    const mapping = this.#mappingFor(source, destination);
    mapping.usedAt = this.#clock.now;
    mapping.contacted.add(destination.address).add(endpointKey(destination));
    const translated = {
      source: { address: this.#address, port: mapping.port },
      destination,
      bytes,
    };
    if (destination.address !== this.#address) this.#outer.send(translated);
    else if (this.#options.hairpin) this.#inbound(translated);
  }

  #mappingFor(internal: Endpoint, remote: Endpoint): Mapping {
    const session = this.#sessions.get(`${endpointKey(internal)} ${endpointKey(remote)}`);
    if (session && this.#alive(session)) return session;
    const key = `${endpointKey(internal)} ${part(this.#options.mapping, remote)}`;
    const known = this.#byKey.get(key);
    if (known && this.#alive(known)) return known;
    let port: number;
    do port = 1024 + this.#random.below(64000);
    while (this.#byPort.has(port));
    const mapping = { port, internal, usedAt: this.#clock.now, contacted: new Set<string>() };
    this.#byKey.set(key, mapping);
    this.#byPort.set(port, mapping);
    return mapping;
  }

  #inbound({ source, destination, bytes }: Packet): void {
    const mapping = this.#byPort.get(destination.port);
    if (mapping === undefined || !this.#alive(mapping)) return;
    const { filtering } = this.#options;
    const open =
      filtering === 'endpoint-independent' || mapping.contacted.has(part(filtering, source));
    if (!open) return;
    this.#sessions.set(`${endpointKey(mapping.internal)} ${endpointKey(source)}`, mapping);
    this.inner.send({ source, destination: mapping.internal, bytes });
  }

  #alive({ usedAt, port }: Mapping): boolean {
    const timeout = this.#options.timeout ?? Number.POSITIVE_INFINITY;
    if (this.#clock.now - usedAt < timeout) return true;
    this.#byPort.delete(port);
    return false;
  }
}

function part(behaviour: Behaviour, remote: Endpoint): string {
  if (behaviour === 'endpoint-independent') return '*';
  return behaviour === 'address-dependent' ? remote.address : endpointKey(remote);
}
