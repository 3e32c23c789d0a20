import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Host, Lab } from '../lab/index.ts';
import { HostDaemon, type Variables } from './host-daemon.ts';
import { type Daemon, DEVICE_PREFIX, TUNNEL_MTU, type Tunnel } from './peer.ts';

/** One of the two ends of a tunnel that is about to be set up. */
export interface End {
  readonly index: 0 | 1;
  readonly host: Host;
  /** The host at the other end. */
  readonly other: Host;
  /** Address in the tunnel, and the other end's. */
  readonly address: string;
  readonly otherAddress: string;
  /** A directory of its own for keys, configuration and log. */
  readonly directory: string;
  /** Name of its device. */
  readonly device: string;
}

/** What differs between the products that are one daemon at each end. */
export interface DaemonPlan {
  readonly product: string;
  /** First three numbers of the tunnel's /24. */
  readonly net: string;
  /** Default: {@link DEVICE_PREFIX} and the product's name. */
  readonly device?: (index: 0 | 1) => string;
  /** Writes keys and configurations of both ends. */
  configure(ends: readonly [End, End]): Promise<void>;
  /** What must listen on the left host before an end starts. */
  readonly server?: { readonly argv: readonly string[]; readonly udpPort: number };
  /** The command of an end: the daemon that makes the device. */
  command(end: End): readonly string[];
  readonly env?: Variables;
  /** Whether the end can be given its address; default: when its device exists. */
  readonly ready?: (end: End) => Promise<boolean>;
  /** False: the daemon itself gives the device its address and MTU. */
  readonly address?: false;
}

/** A tunnel between two daemons. */
export async function daemonPair(
  lab: Lab,
  left: Host,
  right: Host,
  plan: DaemonPlan,
): Promise<Tunnel> {
  const end = async (index: 0 | 1): Promise<End> => {
    const directory = join(lab.directory, plan.product, String(index));
    await mkdir(directory, { recursive: true });
    const [host, other] = index === 0 ? [left, right] : [right, left];
    const device = plan.device?.(index) ?? `${DEVICE_PREFIX}${plan.product}`;
    const [address, otherAddress] = [`${plan.net}.${index + 1}`, `${plan.net}.${2 - index}`];
    return { index, host, other, address, otherAddress, directory, device };
  };
  const ends: [End, End] = [await end(0), await end(1)];
  await plan.configure(ends);
  let running: HostDaemon[] = [];
  return {
    leftAddress: ends[0].address,
    rightAddress: ends[1].address,
    start: async () => {
      if (plan.server !== undefined) running.push(await serve(plan.server, ends[0]));
      await Promise.all(
        ends.map(async end => {
          const log = join(end.directory, 'log');
          const daemon = new HostDaemon(end.host, plan.command(end), log, plan.env);
          running.push(daemon);
          await daemon.until('is ready', () => (plan.ready ?? deviceExists)(end));
          if (plan.address === false) return;
          await end.host.namespace.ip([
            `address replace ${end.address}/24 dev ${end.device}`,
            `link set ${end.device} mtu ${TUNNEL_MTU} up`,
          ]);
        }),
      );
    },
    stop: async () => {
      await Promise.all(running.map(daemon => daemon.stop()));
      running = [];
    },
    daemons: (): readonly Daemon[] => running,
  };
}

async function serve(
  { argv, udpPort }: NonNullable<DaemonPlan['server']>,
  { host, directory }: End,
): Promise<HostDaemon> {
  const server = new HostDaemon(host, argv, join(directory, 'server.log'));
  await server.until('listens', async () => {
    const { stdout } = await host.exec(['ss', '-Hlun', `sport = :${udpPort}`]);
    return stdout !== '';
  });
  return server;
}

/** Whether the daemon has made its device. */
async function deviceExists({ host, device }: End): Promise<boolean> {
  const { code } = await host.exec(['ip', 'link', 'show', 'dev', device], { check: false });
  return code === 0;
}
