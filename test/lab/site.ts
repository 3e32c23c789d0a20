import type { Gateway } from './gateway.ts';
import type { Host } from './host.ts';
import type { Namespace } from './namespace.ts';
import { SLOTS } from './nat.ts';
import type { SiteSpec } from './spec.ts';
import { Wire } from './wire.ts';

/** What a host gets from its site: the cable's far end, and its addresses. */
export interface Port {
  readonly slot: number;
  readonly gateway: Gateway;
  /** Name of the cable's end at the gateway. */
  readonly interface: string;
}

/** A place of the lab: gateways, hosts, and the link to the internet. */
export class Site {
  readonly name: string;
  readonly spec: SiteSpec;
  /** The one next to the hosts first. */
  readonly gateways: readonly [Gateway, ...Gateway[]];
  /** First 64 bits of its IPv6 LAN, such as `2001:db8:1:1`. */
  readonly prefix6: string;
  readonly hosts = new Map<string, Host>();
  readonly #wireNamespace: Namespace | undefined;
  #wire: Wire | undefined;
  #slots = 0;

  constructor(site: {
    name: string;
    spec: SiteSpec;
    gateways: readonly [Gateway, ...Gateway[]];
    prefix6: string;
    wire: Namespace | undefined;
  }) {
    this.name = site.name;
    this.spec = site.spec;
    this.gateways = site.gateways;
    this.prefix6 = site.prefix6;
    this.#wireNamespace = site.wire;
  }

  /** The address of the site as the internet sees it (of its gateway, when there is no NAT). */
  get publicAddress(): string {
    return (this.gateways.at(-1) ?? this.gateways[0]).wanAddress;
  }

  /** A place for one more host. */
  port(): Port {
    this.#slots += 1;
    if (this.#slots > SLOTS) throw new RangeError(`site ${this.name} has no room for more hosts`);
    return { slot: this.#slots, gateway: this.gateways[0], interface: `port${this.#slots}` };
  }

  /** All its NATs forget their UDP mappings; with `tcp`, all mappings. */
  async flushNat(options?: { tcp?: boolean }): Promise<void> {
    await Promise.all(this.gateways.map(gateway => gateway.forget(options)));
  }

  /** The provider gives the site another public address; returns it. */
  async changePublicAddress(): Promise<string> {
    const gateway = this.gateways.at(-1) ?? this.gateways[0];
    if (gateway.kind === 'none') {
      throw new Error(`site ${this.name} has no NAT: change the address of its hosts instead`);
    }
    return gateway.changeAddress();
  }

  /** The impaired cable to the internet; the site must have been made with a `link`. */
  get wire(): Wire {
    if (this.#wire === undefined) {
      throw new Error(`site ${this.name} has a plain cable: give it a "link" in the lab's spec`);
    }
    return this.#wire;
  }

  /** Makes the impaired cable work; the lab does this once. */
  async startWire(seed: number): Promise<void> {
    const { link } = this.spec;
    if (this.#wireNamespace === undefined || link === undefined) return;
    this.#wire = await Wire.start(this.#wireNamespace, seed, link);
  }
}
