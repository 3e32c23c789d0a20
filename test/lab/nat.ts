/**
 * NAT behaviours as nftables rules, in the words of RFC 4787.
 *
 * | kind               | mapping                  | filtering                  |
 * | ------------------ | ------------------------ | -------------------------- |
 * | none               | no translation           | none                       |
 * | full-cone          | endpoint-independent     | endpoint-independent       |
 * | address-restricted | endpoint-independent     | address-dependent          |
 * | port-restricted    | endpoint-independent     | address and port-dependent |
 * | symmetric          | address and port-dependent | address and port-dependent |
 * | udp-blocked        | as port-restricted for TCP; no UDP passes              |
 *
 * How Linux comes to do that:
 *
 * 1. `masquerade` keeps the mapping of a source for all destinations as long as one conntrack entry
 *    of it lives; `fully-random` looks for a new port for each destination.
 * 2. conntrack lets only the replies of a flow in: address and port-dependent filtering. Datagrams
 *    that nobody asked for are dropped, not refused: a refused one would leave a conntrack entry
 *    that takes the very flow a hole punch is about to use.
 * 3. The two wider filters note each mapping (public port → host and port) and each address that
 *    was sent to after translation, and translate a new incoming flow by these notes.
 * 4. Each host has a range of public ports of its own, so that two hosts that use one local port
 *    never share a public one (RFC 4787 REQ-3), and the public port is not the local one.
 */
export type NatKind =
  | 'none'
  | 'full-cone'
  | 'address-restricted'
  | 'port-restricted'
  | 'symmetric'
  | 'udp-blocked';

/** All kinds, from the most open one. */
export const NAT_KINDS: readonly NatKind[] = [
  'none',
  'full-cone',
  'address-restricted',
  'port-restricted',
  'symmetric',
  'udp-blocked',
];

/** What a gateway does besides its kind. */
export interface GatewayRules {
  readonly kind: NatKind;
  /** First three numbers of its private /24, such as `192.168.1`. */
  readonly lan: string;
  /** Public ports: another than the local one, or the local one where it is free. */
  readonly ports: 'random' | 'preserved';
  /** How long a mapping and its filter outlive the last datagram from inside, in seconds. */
  readonly udpTimeoutSeconds: number;
  /** IPv6 is routed, not translated: what may come in unasked. */
  readonly ipv6: 'open' | 'firewalled';
  /**
   * Drop the ICMP errors that path MTU discovery of RFC 1191 needs. As on most such routers, the MSS
   * of TCP is clamped to `mtu`: only what is not TCP falls into the hole.
   */
  readonly blackHole: boolean;
  /** Of the way to the internet, in bytes. */
  readonly mtu: number;
}

/** A site has room for this many hosts: slot 1 to 14, each a /28 of its LAN. */
export const SLOTS = 14;

/** The names of what a gateway remembers besides conntrack: emptied by {@link forgetRules}. */
const MEMORY = { 'full-cone': ['mapped'], 'address-restricted': ['mapped', 'contacted'] } as const;

/** The nftables ruleset of a gateway between `lan` and `wan`. */
export function gatewayRules(rules: GatewayRules): string {
  const tables = [filterTable(rules)];
  if (rules.kind !== 'none') tables.push(natTable(rules));
  return tables.join('\n');
}

/** nftables commands that empty what a gateway of this kind remembers besides conntrack. */
export function forgetRules(kind: NatKind): string {
  const names = kind === 'full-cone' || kind === 'address-restricted' ? MEMORY[kind] : [];
  return names.map(name => `flush ${name === 'mapped' ? 'map' : 'set'} ip nat ${name}\n`).join('');
}

/** Drops the ICMP errors of path MTU discovery that this router itself would send. */
export const BLACK_HOLE_RULES = `
table inet black_hole {
  chain output {
    type filter hook output priority filter; policy accept;
    icmp type destination-unreachable icmp code frag-needed drop;
    icmpv6 type packet-too-big drop;
  }
}
`;

function filterTable({ kind, ipv6, blackHole, mtu }: GatewayRules): string {
  const unasked =
    kind === 'none'
      ? 'meta nfproto ipv4 accept;'
      : '# Only what the nat table translated inwards.\n    ct status dnat accept;';
  return `
table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    iifname != "wan" accept;
    ct state established,related accept;
    meta l4proto { icmp, ipv6-icmp } accept;
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ${blackHole ? `tcp flags syn tcp option maxseg size set ${mtu - 40};` : ''}
    ${kind === 'udp-blocked' ? 'meta l4proto udp drop;' : ''}
    iifname "lan" accept;
    ct state established,related accept;
    ${unasked}
    ${ipv6 === 'open' ? 'meta nfproto ipv6 accept;' : ''}
  }
}
${blackHole ? BLACK_HOLE_RULES : ''}`;
}

function natTable(rules: GatewayRules): string {
  const { kind, udpTimeoutSeconds } = rules;
  const wide = kind === 'full-cone' || kind === 'address-restricted';
  return `
table ip nat {
  ${wide ? wideFilter(kind === 'full-cone', udpTimeoutSeconds) : ''}
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ${udpMapping(rules)}
    oifname "wan" masquerade;
  }
}
`;
}

function udpMapping({ kind, lan, ports }: GatewayRules): string {
  const udp = 'oifname "wan" meta l4proto udp';
  if (kind === 'symmetric') return `${udp} masquerade fully-random;`;
  if (ports === 'preserved') return `${udp} masquerade;`;
  return Array.from({ length: SLOTS }, (_, index) => {
    const slot = index + 1;
    return `${udp} ip saddr ${lan}.${16 * slot}/28 masquerade to :${4096 * slot}-${4096 * slot + 4095};`;
  }).join('\n    ');
}

function wideFilter(anyAddress: boolean, timeoutSeconds: number): string {
  const note = 'oifname "wan" meta l4proto udp';
  const contacted = `
  set contacted {
    type inet_service . ipv4_addr; flags dynamic,timeout; timeout ${timeoutSeconds}s;
  }`;
  return `
  map mapped {
    type inet_service : ipv4_addr . inet_service; flags dynamic,timeout; timeout ${timeoutSeconds}s;
  }
  ${anyAddress ? '' : contacted}
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "wan" ${anyAddress ? '' : 'udp dport . ip saddr @contacted '}dnat ip to udp dport map @mapped;
  }
  # After the translation (srcnat is 100), so that udp sport is the public port. The host's own
  # endpoint is the source of a flow that it began, and of the replies in a flow that others began.
  chain note {
    type filter hook postrouting priority 110; policy accept;
    ${note} ct direction original update @mapped { udp sport : ct original ip saddr . ct original proto-src };
    ${note} ct direction reply update @mapped { udp sport : ct reply ip saddr . ct reply proto-src };
    ${anyAddress ? '' : `${note} update @contacted { udp sport . ip daddr };`}
  }`;
}
