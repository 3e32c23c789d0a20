import type { Host, Lab } from '../lab/index.ts';

/** Two hosts joined by a product: what all scenarios are measured on. */
export interface Tunnel {
  /** Address of the right host through the product. */
  readonly rightAddress: string;
  /** Its daemons at both ends, whose processor time counts; none for the bare network. */
  readonly pids: readonly number[];
}

/** A product that is measured side by side with Evio: one file in peers/ each. */
export interface Peer {
  /** In the report: `evio`, `wireguard-go`. */
  readonly name: string;
  /**
   * Fetches what it needs; called once, before the lab is made.
   *
   * @returns the version that will be measured.
   */
  prepare(warn: (line: string) => void): Promise<string>;
  /** Joins the hosts; resolves when the first ping went through. */
  start(lab: Lab, left: Host, right: Host): Promise<Tunnel>;
}
