import type { Namespace } from './namespace.ts';
import { forgetRules, gatewayRules, type NatKind } from './nat.ts';
import type { Network } from './network.ts';
import type { SiteSpec } from './spec.ts';

/** Where a gateway stands. */
export interface GatewayPlace {
  readonly namespace: Namespace;
  readonly kind: NatKind;
  readonly site: SiteSpec;
  /** First three numbers of the /24 on its `lan` bridge. */
  readonly lan: string;
  /** First three numbers of the /24 on its `wan` interface. */
  readonly wan: string;
  /** Last number of its own address there. */
  readonly wanHost: number;
  /** Last number of the next router's address there. */
  readonly wanRouter: number;
}

/** The router of a site: a bridge `lan` for the hosts, `wan` towards the internet. */
export class Gateway {
  readonly namespace: Namespace;
  readonly kind: NatKind;
  readonly lan: string;
  readonly #place: GatewayPlace;
  #wanHost: number;

  constructor(place: GatewayPlace) {
    this.#place = place;
    this.namespace = place.namespace;
    this.kind = place.kind;
    this.lan = place.lan;
    this.#wanHost = place.wanHost;
  }

  /** Its IPv4 address towards the internet. */
  get wanAddress(): string {
    return `${this.#place.wan}.${this.#wanHost}`;
  }

  /** Its IPv4 address in the LAN: the hosts' default router. */
  get lanAddress(): string {
    return `${this.lan}.254`;
  }

  /** Adds what the gateway is to the network that is about to be built. */
  plan(network: Network): void {
    const { site, kind, lan, wan, wanRouter } = this.#place;
    const udpTimeoutSeconds = site.udpTimeoutSeconds ?? 120;
    network.sysctl(this.namespace, {
      'ipv4/ip_forward': 1,
      'ipv6/conf/all/forwarding': 1,
      'netfilter/nf_conntrack_udp_timeout': udpTimeoutSeconds,
      'netfilter/nf_conntrack_udp_timeout_stream': udpTimeoutSeconds,
    });
    network.ip(
      this.namespace,
      'link add lan type bridge forward_delay 0 stp_state 0',
      'link set lan up',
      `link set wan mtu ${site.mtu ?? 1500} up`,
    );
    if (site.ipv4 !== false) {
      network.ip(
        this.namespace,
        `address add ${lan}.254/24 dev lan`,
        `address add ${wan}.${this.#wanHost}/24 dev wan`,
        `route add default via ${wan}.${wanRouter}`,
      );
    }
    network.nft(
      this.namespace,
      gatewayRules({
        kind,
        lan,
        ports: site.ports ?? 'random',
        udpTimeoutSeconds,
        ipv6: site.ipv6 ?? 'open',
        blackHole: site.blackHole === true,
        mtu: site.mtu ?? 1500,
      }),
    );
  }

  /**
   * Forgets its mappings, as a rebooted router does. TCP flows keep theirs unless `tcp` is true: a
   * router that forgets those too also ends the hosts' XMPP connections.
   */
  async forget({ tcp = false } = {}): Promise<void> {
    const rules = forgetRules(this.kind);
    if (rules !== '') await this.namespace.nft(rules);
    // It exits with 1 when there was nothing to delete.
    await this.namespace.exec(['conntrack', '-D', ...(tcp ? [] : ['-p', 'udp'])], { check: false });
  }

  /** Gets the next address from the provider; returns it. The old one is gone before. */
  async changeAddress(): Promise<string> {
    const { wan, wanRouter } = this.#place;
    const before = this.wanAddress;
    this.#wanHost = this.#wanHost >= 200 ? 2 : this.#wanHost + 1;
    await this.namespace.ip([
      `address del ${before}/24 dev wan`,
      `address add ${this.wanAddress}/24 dev wan`,
      `route replace default via ${wan}.${wanRouter}`,
    ]);
    await this.forget({ tcp: true });
    return this.wanAddress;
  }
}
