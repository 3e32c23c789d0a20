import type { OverlayTopology } from '@evio/topology';
import type { NodeId } from '@evio/types';
import type { Place } from './latency-world.ts';

/** One simulated host. */
export interface SimNode {
  readonly id: NodeId;
  readonly topology: OverlayTopology;
  readonly place: Place;
  readonly leaf: boolean;
  alive: boolean;
  /** Links that are up as the transport sees them. */
  readonly links: Set<SimNode>;
  readonly dialing: Set<SimNode>;
  /** Links that this node has ended, or that come up: it takes frames from them and uses them not. */
  readonly lingering: Set<SimNode>;
  /** With the server away: those whose address it has, since they were linked or introduced. */
  readonly addresses: Set<SimNode>;
  wakeAt: number;
  sequence: number;
}

/** A record that nobody reads. */
export const NO_RECORD = new Uint8Array();

/** Stands for a signed node record of usual size. */
export function recordOf(node: SimNode): Uint8Array {
  return new Uint8Array(300).fill(node.sequence);
}
