import type { Endpoint } from '@evio/types';
import type { Base } from './candidate.ts';
import { checkUsername } from './connectivity-check.ts';
import type { CandidateGatherer, RelayedDatagram, ServerArrival } from './gatherer.ts';
import type { IceAgent } from './ice-agent.ts';
import type { Uplink } from './ice-server.ts';
import { parseStun, type StunMessage } from './stun-message.ts';

/** Where bytes came from: the shared socket, a stream to a TURN server, or a bound channel. */
export type Arrival =
  | ServerArrival
  | { readonly kind: 'channel'; readonly uplink: Uplink; readonly channel: number };

/** What was dropped, and how often. */
export interface DemuxCounters {
  malformed: number;
  /** Checks for a ufrag that no agent has. */
  unknownUfrag: number;
  /** Answers that nobody waits for. */
  unknownTransaction: number;
  /** Came over a channel or relay that is not (any more) ours. */
  unknownRelay: number;
}

/**
 * Finds whom a STUN message on the shared socket is for: checks by the ufrag in USERNAME, answers by
 * transaction id, the rest by the server it came from. Never throws, whatever the bytes.
 *
 * @example
 * const inner = demux.receive(now, bytes, { kind: 'host', local, remote });
 * if (inner) handshake(inner.bytes, inner.base, inner.remote); // came through our relay, not STUN
 */
export class StunDemux {
  readonly counters: DemuxCounters = {
    malformed: 0,
    unknownUfrag: 0,
    unknownTransaction: 0,
    unknownRelay: 0,
  };
  readonly #gatherer: CandidateGatherer;
  readonly #delivered: (agent: IceAgent) => void;
  readonly #agents = new Map<string, IceAgent>();

  /** @param delivered told of each agent that got a message and may have something to send. */
  constructor(gatherer: CandidateGatherer, delivered: (agent: IceAgent) => void = () => {}) {
    this.#gatherer = gatherer;
    this.#delivered = delivered;
  }

  get agents(): Iterable<IceAgent> {
    return this.#agents.values();
  }

  /** From now on `agent` gets its messages. */
  add(agent: IceAgent): void {
    this.#agents.set(agent.localUfrag, agent);
  }

  remove(agent: IceAgent): void {
    this.#agents.delete(agent.localUfrag);
  }

  /**
   * Bytes whose first byte is 0 to 3. Returns what a peer sent inside a Data indication when that is
   * not STUN itself (a handshake, say), for the caller to handle; undefined otherwise.
   */
  receive(now: number, bytes: Uint8Array, arrival: Arrival): RelayedDatagram | undefined {
    const message = parseStun(bytes);
    if (message === undefined) {
      this.counters.malformed++;
      return undefined;
    }
    if (arrival.kind === 'channel') {
      const origin = this.#gatherer.originOf(arrival.uplink, arrival.channel);
      if (origin === undefined) this.counters.unknownRelay++;
      else this.#toAgent(now, message, origin);
      return undefined;
    }
    if (message.class === 'request') {
      if (arrival.kind !== 'host') {
        this.counters.unknownUfrag++; // a server has nothing to ask us
        return undefined;
      }
      const base = { kind: 'host', local: arrival.local } as const;
      this.#toAgent(now, message, { base, remote: arrival.remote });
      return undefined;
    }
    const taken = this.#gatherer.receive(now, message, arrival);
    if (taken === true) return undefined;
    if (taken !== false) return this.#onRelayed(now, taken);
    if (arrival.kind === 'host') {
      const base = { kind: 'host', local: arrival.local } as const;
      this.#toAgent(now, message, { base, remote: arrival.remote });
    } else {
      this.counters.unknownTransaction++;
    }
    return undefined;
  }

  #onRelayed(now: number, datagram: RelayedDatagram): RelayedDatagram | undefined {
    const [first = 0xff] = datagram.bytes;
    if (first > 3) return datagram;
    const message = parseStun(datagram.bytes);
    if (message === undefined) this.counters.malformed++;
    else this.#toAgent(now, message, datagram);
    return undefined;
  }

  #toAgent(now: number, message: StunMessage, from: { base: Base; remote: Endpoint }): void {
    if (message.class === 'request') {
      const agent = this.#agents.get(checkUsername(message)?.to ?? '');
      if (agent === undefined) this.counters.unknownUfrag++;
      else this.#deliver(agent, now, message, from);
      return;
    }
    for (const agent of this.#agents.values()) {
      if (!agent.awaits(message.transactionId)) continue;
      this.#deliver(agent, now, message, from);
      return;
    }
    this.counters.unknownTransaction++;
  }

  #deliver(
    agent: IceAgent,
    now: number,
    message: StunMessage,
    from: { base: Base; remote: Endpoint },
  ): void {
    agent.receive(now, message, from);
    this.#delivered(agent);
  }
}
