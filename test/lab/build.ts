import { join } from 'node:path';
import { Gateway } from './gateway.ts';
import { Host } from './host.ts';
import { HUB_ADDRESS6, HUB_ADDRESSES, LabHub } from './lab-hub.ts';
import type { Namespace } from './namespace.ts';
import { BLACK_HOLE_RULES, type NatKind } from './nat.ts';
import { Network } from './network.ts';
import { Site } from './site.ts';
import type { LabSpec, SiteSpec } from './spec.ts';

/** What a lab is made of. */
export interface Built {
  readonly internet: Namespace;
  readonly sites: Map<string, Site>;
  readonly hub: LabHub | undefined;
}

/** Makes the namespaces, gateways, hosts and cables that a spec describes; see lab.ts for the plan. */
export async function build(spec: LabSpec, id: string, directory: string): Promise<Built> {
  const network = new Network(`evio-${id}-`);
  const internet = network.namespace('internet');
  network.sysctl(internet, { 'ipv4/ip_forward': 1, 'ipv6/conf/all/forwarding': 1 });
  // What has no public address is nowhere, and nobody says so.
  network.ip(internet, 'route add blackhole default', 'route add blackhole ::/0');
  if (Object.values(spec.sites).some(site => site.blackHole))
    network.nft(internet, BLACK_HOLE_RULES);

  const hub = spec.hub === true ? planHub(network, internet, directory) : undefined;
  const sites = new Map<string, Site>();
  const names = new Set<string>();
  let number = 0;
  for (const [name, siteSpec] of Object.entries(spec.sites)) {
    number += 1;
    const planned = planSite(network, internet, name, number, siteSpec);
    const site = new Site({ name, spec: siteSpec, ...planned });
    sites.set(name, site);
    for (const hostName of siteSpec.hosts) {
      if (names.has(hostName)) throw new Error(`two hosts of the lab are named "${hostName}"`);
      names.add(hostName);
      const host = new Host(hostName, network.namespace(`${name}.${hostName}`), site);
      host.plan(network);
    }
  }
  await network.build();
  const seed = (spec.seed ?? 1) * 1000;
  await Promise.all([...sites.values()].map((site, index) => site.startWire(seed + index)));
  return { internet, sites, hub };
}

function planHub(network: Network, internet: Namespace, directory: string): LabHub {
  const namespace = network.namespace('hub');
  network.cable({ namespace, interface: 'eth0' }, { namespace: internet, interface: 'hub' });
  network.ip(
    internet,
    'link set hub up',
    'address add 198.18.250.1/24 dev hub',
    'address add 2001:db8:ffff:250::1/64 dev hub nodad',
  );
  network.ip(
    namespace,
    'link set eth0 up',
    ...HUB_ADDRESSES.map(address => `address add ${address}/24 dev eth0`),
    `address add ${HUB_ADDRESS6}/64 dev eth0 nodad`,
    'route add default via 198.18.250.1',
    'route add default via 2001:db8:ffff:250::1',
  );
  return new LabHub(namespace, join(directory, 'hub'));
}

interface PlannedSite {
  readonly gateways: readonly [Gateway, ...Gateway[]];
  readonly prefix6: string;
  /** The namespace of an impaired cable. */
  readonly wire: Namespace | undefined;
}

function planSite(
  network: Network,
  internet: Namespace,
  name: string,
  number: number,
  site: SiteSpec,
): PlannedSite {
  const kinds: readonly NatKind[] = natKinds(name, site);
  const uplink = `site${number}`;
  const publicNet = `198.18.${number}`;
  const prefix6 = `2001:db8:${number}:1`;
  const transit6 = `2001:db8:ffff:${number}`;
  const mtu = site.mtu ?? 1500;

  const gateways: Gateway[] = [];
  for (const [index, kind] of kinds.entries()) {
    const last = index === kinds.length - 1;
    const namespace = network.namespace(index === 0 ? name : `${name}.isp${index}`);
    const privateLan = index === 0 ? (site.lan ?? `192.168.${number}`) : `100.64.${number}`;
    const gateway = new Gateway({
      namespace,
      kind,
      site,
      lan: kind === 'none' ? `198.19.${number}` : privateLan,
      wan: last ? publicNet : `100.64.${number}`,
      // Behind another NAT the gateway is that one's host of slot 1.
      wanHost: last ? 2 : 17,
      wanRouter: last ? 1 : 254,
    });
    const inner = gateways.at(-1);
    if (inner !== undefined) {
      network.cable(
        { namespace: inner.namespace, interface: 'wan' },
        { namespace, interface: 'port1' },
      );
    }
    gateway.plan(network);
    if (inner !== undefined) network.ip(namespace, `link set port1 mtu ${mtu} master lan up`);
    gateways.push(gateway);
  }
  const [first] = gateways;
  const outer = gateways.at(-1);
  if (first === undefined || outer === undefined) throw new Error(`site ${name} needs a NAT kind`);

  const wire = site.link === undefined ? undefined : network.namespace(`${name}.wire`);
  const wan = { namespace: outer.namespace, interface: 'wan' };
  const port = { namespace: internet, interface: uplink };
  if (wire === undefined) network.cable(wan, port);
  else planWire(network, wan, port, wire, mtu);

  network.ip(internet, `link set ${uplink} mtu ${mtu} up`);
  if (site.ipv4 !== false) {
    network.ip(internet, `address add ${publicNet}.1/24 dev ${uplink}`);
    if (outer.kind === 'none') {
      network.ip(internet, `route add ${outer.lan}.0/24 via ${publicNet}.2`);
    }
  }
  if (site.ipv6 !== undefined) {
    network.ip(
      internet,
      `address add ${transit6}::1/64 dev ${uplink} nodad`,
      `route add ${prefix6}::/64 via ${transit6}::2`,
    );
    network.ip(
      first.namespace,
      `address add ${prefix6}::fe/64 dev lan nodad`,
      `address add ${transit6}::2/64 dev wan nodad`,
      `route add default via ${transit6}::1`,
    );
  }
  return { gateways: [first, ...gateways.slice(1)], prefix6, wire };
}

function natKinds(name: string, site: SiteSpec): readonly NatKind[] {
  const { nat = 'none' } = site;
  const kinds = typeof nat === 'string' ? [nat] : nat;
  if (kinds.length > 1 && kinds.includes('none')) {
    throw new Error(`site ${name}: "none" cannot stand before or behind another NAT`);
  }
  if (kinds.length > 1 && site.ipv6 !== undefined) {
    throw new Error(`site ${name}: IPv6 is not routed through a NAT behind a NAT`);
  }
  return kinds;
}

/** Two cables instead of one, with a namespace between them in which the wire copies frames. */
function planWire(
  network: Network,
  wan: { namespace: Namespace; interface: string },
  port: { namespace: Namespace; interface: string },
  wire: Namespace,
  mtu: number,
): void {
  network.cable(wan, { namespace: wire, interface: 'a' });
  network.cable({ namespace: wire, interface: 'b' }, port);
  // The copier is the only one who speaks there.
  network.sysctl(wire, { 'ipv6/conf/all/disable_ipv6': 1 });
  network.ip(wire, `link set dev a mtu ${mtu} up`, `link set dev b mtu ${mtu} up`);
  // Packets are cut to size before the wire, as by a network card: each has its own fate.
  network.ip(wan.namespace, 'link set wan gso_max_segs 1');
  network.ip(port.namespace, `link set ${port.interface} gso_max_segs 1`);
}
