import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Host, Lab } from '../lab/index.ts';
import { HostDaemon } from './host-daemon.ts';
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
  /** Commands of an end; the first is the daemon that makes the device, the others help it. */
  commands(end: End): readonly (readonly string[])[];
  /** When the daemon takes orders; after that `configured` and the device's address follow. */
  readonly ready?: (end: End) => Promise<boolean>;
  configured?(end: End): Promise<void>;
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
      await Promise.all(
        ends.map(async end => {
          const daemons = plan
            .commands(end)
            .map((argv, i) => new HostDaemon(end.host, argv, join(end.directory, `log.${i}`)));
          running.push(...daemons);
          const [daemon] = daemons;
          await daemon?.until('is ready', () => plan.ready?.(end) ?? deviceExists(end));
          await plan.configured?.(end);
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

/** Whether the daemon has made its device. */
export async function deviceExists({ host, device }: End): Promise<boolean> {
  const { code } = await host.exec(['ip', 'link', 'show', 'dev', device], { check: false });
  return code === 0;
}
