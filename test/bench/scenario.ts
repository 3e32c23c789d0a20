import type { Host } from '../lab/index.ts';
import type { Tunnel } from './peer.ts';

/** One number of one run. */
export interface Measurement {
  readonly metric: string;
  readonly unit: string;
  readonly value: number;
}

/** How long a run takes. */
export interface Pace {
  /** Of one TCP stream, and of other TCP runs; whole seconds, since iperf3 knows no others. */
  readonly tcpSeconds: number;
  readonly shortSeconds: number;
  readonly packetSeconds: number;
  readonly pings: number;
}

/** Two hosts with a tunnel between them that is up. */
export interface Joined {
  readonly tunnel: Tunnel;
  readonly left: Host;
  readonly right: Host;
  readonly pace: Pace;
}

/** Something that is measured on a tunnel, and takes the same time on each. */
export interface Scenario {
  /** In the report: `tcp-1`. */
  readonly name: string;
  measure(joined: Joined): Promise<Measurement[]>;
}
