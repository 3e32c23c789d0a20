import type { Host } from '../lab/index.ts';

/** What the network below the tunnels is like. */
export interface Condition {
  /** Behind the name of a scenario: `tcp-1` becomes `tcp-1-loss-1`; empty for the plain network. */
  readonly suffix: string;
  readonly offloads: boolean;
  /** Of each packet, in each direction. */
  readonly lossPercent: number;
}

export const PLAIN: Condition = { suffix: '', offloads: true, lossPercent: 0 };
export const OFFLOADS_OFF: Condition = {
  suffix: '-offloads-off',
  offloads: false,
  lossPercent: 0,
};
/**
 * Loss comes with offloads off: a packet of a wire has at most 1,500 bytes, and each has its own fate,
 * while a super-packet that is lost between namespaces would take 60 KB with it.
 */
export const LOSS: readonly Condition[] = [
  { suffix: '-loss-0.1', offloads: false, lossPercent: 0.1 },
  { suffix: '-loss-1', offloads: false, lossPercent: 1 },
];

/** Segmentation and checksums by the network device, as `ethtool -K` names them. */
const OFFLOADS = ['tx', 'tso', 'gso', 'tx-udp-segmentation'];

/** Makes the network between two hosts of one site what the condition says. */
export async function impose(condition: Condition, left: Host, right: Host): Promise<void> {
  const { offloads, lossPercent } = condition;
  const gateway = left.site.gateways[0].namespace;
  const settings = OFFLOADS.flatMap(name => [name, offloads ? 'on' : 'off']);
  await Promise.all([
    ...[left, right].map(host => host.exec(['ethtool', '-K', 'eth0', ...settings])),
    gateway.nft(lossRules(lossPercent)),
  ]);
}

/** Replaces the rules by which packets are lost as they come from either host. */
export function lossRules(lossPercent: number): string {
  // A table must exist to be deleted.
  const none = 'table netdev loss\ndelete table netdev loss\n';
  if (lossPercent === 0) return none;
  const perMillion = Math.round(lossPercent * 10_000);
  const chains = ['port1', 'port2'].map(
    port => `  chain ${port} {
    type filter hook ingress device "${port}" priority filter; policy accept;
    numgen random mod 1000000 < ${perMillion} drop;
  }
`,
  );
  return `${none}table netdev loss {\n${chains.join('')}}\n`;
}
