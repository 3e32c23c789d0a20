/**
 * A laboratory of network namespaces for tests, the demo and the benchmark: an internet, sites behind
 * NATs of every kind, hosts, and a hub, on one machine and without touching its real interfaces.
 *
 * In: a description. Out: hosts on which commands and agents run, and knobs to turn: addresses
 * change, NATs forget, links lose packets, the hub goes away. Nothing survives the test, not even
 * when it is killed (see janitor.ts), and labs do not see each other.
 *
 * @example
 * await using lab = await Lab.create({
 *   hub: true,
 *   sites: {
 *     home: { nat: 'port-restricted', hosts: ['a', 'b'] },
 *     office: { nat: ['symmetric', 'port-restricted'], hosts: ['c'], link: { delayMs: 20 } },
 *   },
 * });
 * const a = await lab.agent('a');
 * const c = await lab.agent('c');
 * await lab.host('a').pings(c.address).replyAfter(Date.now(), 5000);
 * await lab.site('home').flushNat();
 */
export { Agent, LabTimeout } from './agent.ts';
export { CommandError, type CommandOptions, type CommandResult, run } from './command.ts';
export { Host, type PingResult } from './host.ts';
export { type IperfResult, iperf } from './iperf.ts';
export { Lab } from './lab.ts';
export { HUB_ADDRESSES, HUB_DOMAIN, LabHub } from './lab-hub.ts';
export { Namespace } from './namespace.ts';
export { NAT_KINDS, type NatKind } from './nat.ts';
export { PingStream } from './ping-stream.ts';
export { Site } from './site.ts';
export type { Impairment, LabSpec, LinkSpec, SiteSpec } from './spec.ts';
export { type Arrival, UdpSocket } from './udp-socket.ts';
