import type { NodeId } from '@evio/types';

/** Rates below this are not worth a word to the topology. Bytes per second. */
const WORTH_TELLING = 1_024;

interface Reading {
  readonly at: number;
  readonly bytes: number;
  readonly told: boolean;
}

/** Turns byte counters into rates, for the topology's on-demand links. Times in milliseconds. */
export class TrafficMeter {
  readonly #readings = new Map<NodeId, Reading>();

  /**
   * Takes a counter of bytes with a peer, both ways.
   *
   * @returns bytes per second since the last reading, when that is news: there is traffic, or no
   *   more.
   */
  read(now: number, id: NodeId, bytes: number): number | undefined {
    const last = this.#readings.get(id);
    const elapsed = last === undefined ? 0 : now - last.at;
    const rate = last === undefined || elapsed <= 0 ? 0 : ((bytes - last.bytes) * 1_000) / elapsed;
    const busy = rate >= WORTH_TELLING;
    this.#readings.set(id, { at: now, bytes, told: busy });
    return busy || last?.told === true ? rate : undefined;
  }

  forget(id: NodeId): void {
    this.#readings.delete(id);
  }
}
