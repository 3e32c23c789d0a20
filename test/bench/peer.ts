import type { Host, Lab } from '../lab/index.ts';

/**
 * The largest IP packet that every tunnel's device takes, the MTU policy of all products: with any
 * one's headers it fits a datagram of 1,500 bytes, so that none has to fragment.
 */
export const TUNNEL_MTU = 1400;

/**
 * Every tunnel's device is named with this prefix, so that products that look for addresses to be
 * reached at can be told to leave the others' alone.
 */
export const DEVICE_PREFIX = 'x-';

/** A product that is measured side by side with Evio: one file in peers/ each. */
export interface Peer {
  /** In the report: `evio`, `wireguard-go`. */
  readonly name: string;
  /** How it is set up, and why so, in one sentence for the report. */
  readonly configuration: string;
  /**
   * Fetches what it needs; called once, before the lab is made.
   *
   * @returns the version that will be measured; undefined when the product cannot be had in this
   * build, which is no failure.
   */
  prepare(warn: (line: string) => void): Promise<string | undefined>;
  /** Makes keys and configurations for two hosts, without starting anything. */
  install(lab: Lab, left: Host, right: Host): Promise<Tunnel>;
}

/** A product on two hosts: what all scenarios are measured on. */
export interface Tunnel {
  /** Addresses of the hosts through the product. */
  readonly leftAddress: string;
  readonly rightAddress: string;
  /** Starts both ends and sets their devices up; does not wait until they have met. */
  start(): Promise<void>;
  /** Ends both ends; they can be started again. */
  stop(): Promise<void>;
  /** Its running daemons, whose processor time and memory count; none for what the kernel does. */
  daemons(): readonly Daemon[];
  /** When both ends were signed in to a server that they need to meet, by Date.now(). */
  onlineAt?(): Promise<number>;
}

/** A process of a product. */
export interface Daemon {
  readonly pid: number;
  readonly alive: boolean;
}
