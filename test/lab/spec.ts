import type { NatKind } from './nat.ts';

/** What one direction of a link does to packets; all zero (or absent) is a plain cable. */
export interface Impairment {
  /** One way. */
  readonly delayMs?: number;
  /** Added to the delay, evenly spread over 0 to this; keeps the order. */
  readonly jitterMs?: number;
  readonly lossPercent?: number;
  /** Of these, each is held back for `reorderMs`, so that later ones overtake it. */
  readonly reorderPercent?: number;
  /** 5 when absent. */
  readonly reorderMs?: number;
  /** Bits per second of the wire in millions; unlimited when absent. */
  readonly rateMbps?: number;
}

/** A link's two directions alike, or each by itself (`up` leaves the site). */
export type LinkSpec = Impairment | { readonly up: Impairment; readonly down: Impairment };

/** A place with a gateway to the internet and hosts behind it. */
export interface SiteSpec {
  /** `none` when absent. A list is NAT behind NAT, the one next to the hosts first. */
  readonly nat?: NatKind | readonly NatKind[];
  /** Names, unique in the lab, of up to 14 hosts. */
  readonly hosts: readonly string[];
  /** Public ports of a NAT; `random` when absent: never the local one. */
  readonly ports?: 'random' | 'preserved';
  /** How long an idle UDP mapping lives; 120 when absent (the least that RFC 4787 REQ-5 allows). */
  readonly udpTimeoutSeconds?: number;
  /** A routed /64; `firewalled` lets nothing in that was not asked for. No IPv6 when absent. */
  readonly ipv6?: 'open' | 'firewalled';
  /** False: an IPv6-only site. */
  readonly ipv4?: false;
  /** The first three numbers of the LAN's /24 behind a NAT; each site has its own when absent. */
  readonly lan?: string;
  /** Largest packet on the way between gateway and internet, in bytes; 1500 when absent. */
  readonly mtu?: number;
  /** Nobody tells that a packet was too big; TCP is spared by a clamped MSS, as it mostly is. */
  readonly blackHole?: boolean;
  /** Delay, loss, reordering between gateway and internet. */
  readonly link?: LinkSpec;
}

/** What a lab consists of. */
export interface LabSpec {
  /** A hub (XMPP, STUN and TURN servers) on two public addresses. */
  readonly hub?: boolean;
  readonly sites: Readonly<Record<string, SiteSpec>>;
  /** For impairments; the same seed treats the same packets alike. */
  readonly seed?: number;
}
