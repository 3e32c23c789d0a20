import { FloodLog, type FloodPart, type FloodTable, FloodWindow } from '@evio/topology';
import type { NodeId } from '@evio/types';
import type { Network } from './network.ts';
import type { SimNode } from './sim-node.ts';

interface Broadcast {
  readonly origin: SimNode;
  readonly sequence: number;
  /** Members that were there when it began, and how often it was delivered to each. */
  readonly deliveries: Map<SimNode, number>;
}

/** What a datapath keeps for floods. */
interface FloodState {
  table: FloodTable;
  readonly window: FloodWindow;
  readonly log: FloodLog<Broadcast>;
}

export interface LiveFloodResult {
  /** Pairs of broadcast and member that lived through it. */
  readonly expected: number;
  /** Of these, delivered never… */
  readonly missed: number;
  /** …or more than once. */
  readonly twice: number;
  /** Copies that were suppressed as already seen. */
  readonly suppressed: number;
}

/** Broadcasts that take time while links come and go, with the datapath's suppression and repair. */
export class LiveFloods {
  readonly #network: Network;
  readonly #states = new Map<SimNode, FloodState>();
  readonly #broadcasts: Broadcast[] = [];
  #sequence = 0;
  #suppressed = 0;

  constructor(network: Network) {
    this.#network = network;
    network.onTables = node => this.#repair(node);
  }

  begin(origin: SimNode): void {
    this.#sequence += 1;
    const deliveries = new Map<SimNode, number>();
    for (const node of this.#network.living) deliveries.set(node, 0);
    const broadcast = { origin, sequence: this.#sequence, deliveries };
    this.#broadcasts.push(broadcast);
    deliveries.set(origin, 1);
    this.#state(origin).window.first(this.#network.now, origin.id, broadcast.sequence);
    this.#pass(origin, broadcast, { end: origin.topology.self });
  }

  /** Repairs no more. */
  stop(): void {
    this.#network.onTables = undefined;
  }

  /** Members that died since are not counted. */
  result(): LiveFloodResult {
    let [expected, missed, twice] = [0, 0, 0];
    for (const { deliveries } of this.#broadcasts) {
      for (const [node, count] of deliveries) {
        if (!node.alive) continue;
        expected += 1;
        if (count === 0) missed += 1;
        if (count > 1) twice += 1;
      }
    }
    return { expected, missed, twice, suppressed: this.#suppressed };
  }

  #state(node: SimNode): FloodState {
    let state = this.#states.get(node);
    if (!state) {
      const { flood: table } = node.topology;
      state = { table, window: new FloodWindow(), log: new FloodLog() };
      this.#states.set(node, state);
    }
    return state;
  }

  #pass(node: SimNode, broadcast: Broadcast, part: FloodPart): void {
    const state = this.#state(node);
    const origin = this.#network.pointFor(node, broadcast.origin.id);
    state.log.add(this.#network.now, broadcast, origin, part);
    for (const copy of state.table.pass(origin, part)) this.#send(node, broadcast, copy);
  }

  #send(
    node: SimNode,
    broadcast: Broadcast,
    { peer, begin, end }: FloodPart & { peer: { id: NodeId } },
  ): void {
    const to = this.#network.nodes.get(peer.id);
    if (!to) return;
    const delay = this.#network.rttMs(node, to) / 2;
    this.#network.queue.after(delay, () => {
      if (!to.alive || !this.#network.transport.connected(node, to)) {
        this.#network.transport.unanswered(node, to);
        return;
      }
      const point = (id: NodeId) => this.#network.pointFor(to, id);
      const part = begin ? { begin: point(begin.id), end: point(end.id) } : { end: point(end.id) };
      this.#receive(to, broadcast, part);
    });
  }

  #receive(node: SimNode, broadcast: Broadcast, part: FloodPart): void {
    const { now } = this.#network;
    const { origin, sequence, deliveries } = broadcast;
    const { window, table } = this.#state(node);
    if (!table.isInside(part)) {
      this.#pass(node, broadcast, part);
      return;
    }
    if (window.first(now, origin.id, sequence)) {
      deliveries.set(node, (deliveries.get(node) ?? 0) + 1);
      this.#pass(node, broadcast, part);
      return;
    }
    this.#suppressed += 1;
    // Of what is handed over, the stretch before us may still be news to others.
    const { begin } = part;
    if (!begin || begin === node.topology.self) return;
    this.#pass(node, broadcast, { begin, end: node.topology.self });
  }

  #repair(node: SimNode): void {
    const state = this.#states.get(node);
    const lost = new Set(node.topology.takeLost());
    if (!state) return;
    const before = state.table;
    state.table = node.topology.flood;
    for (const { flood, copy } of state.log.repair(this.#network.now, before, state.table, lost)) {
      this.#send(node, flood, copy);
    }
  }
}
