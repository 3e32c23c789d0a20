import type { LinkRole, NodeId } from '@evio/types';
import { encodeNeighbours, withWish } from './control-writer.ts';
import { packCoordinate } from './coordinate.ts';
import { OverlayTopology } from './overlay-topology.ts';
import { RingPoints } from './ring-point.ts';
import type { TopologyOptions, TopologyOutput } from './topology-options.ts';

/** The id at a position of 32 bits. */
export const idAt = (position: number): NodeId =>
  position.toString(16).padStart(8, '0').padEnd(32, '0') as NodeId;
export const SELF = idAt(0x8000_0000);

/** One node in an overlay of `size` members that stand evenly on the ring; member 0 is the node. */
export class Bench {
  readonly topology: OverlayTopology;
  readonly size: number;
  readonly links: { id: NodeId; role: LinkRole }[] = [];
  readonly outputs: TopologyOutput[] = [];
  #state = 1;
  now = 0;

  constructor(size: number, options: Partial<TopologyOptions> = {}) {
    this.size = size;
    const random = (count: number) => {
      const bytes = new Uint8Array(count);
      for (let at = 0; at < count; at += 1) {
        this.#state = (Math.imul(this.#state, 1_103_515_245) + 12_345) >>> 0;
        bytes[at] = this.#state >>> 16;
      }
      return bytes;
    };
    const defaults = { self: SELF, successors: 2, shortcuts: 'auto' as const, onDemand: 2 };
    this.topology = new OverlayTopology({ ...defaults, random, ...options });
    this.topology.signaling(0, true);
    this.topology.announce(0, { sequence: 1, record: new Uint8Array() });
    for (let index = 1; index < size; index += 1) this.see(index);
    this.drain();
  }

  member(index: number): NodeId {
    const step = 2 ** 32 / this.size;
    return idAt((0x8000_0000 + Math.round(index * step)) % 2 ** 32);
  }

  see(index: number, leaf = false): void {
    const seen = { id: this.member(index), sequence: 1, leaf, record: new Uint8Array() };
    this.topology.memberSeen(this.now, { ...seen, signaling: true });
  }

  drain(): TopologyOutput[] {
    const drained: TopologyOutput[] = [];
    for (let out = this.topology.poll(); out; out = this.topology.poll()) {
      drained.push(out);
      if (out.type === 'link') this.links.push({ id: out.id, role: out.role });
    }
    this.outputs.push(...drained);
    return drained;
  }

  /** Answers every wish for a link until there is none. */
  linkAll(): void {
    for (let next = this.links.shift(); next; next = this.links.shift()) {
      this.topology.linkUp(this.now, next.id, 20);
      this.drain();
    }
  }

  wait(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const next = this.topology.nextTimeout();
      if (next === undefined || next > end) break;
      this.now = Math.max(this.now, next);
      this.topology.tick(this.now);
      this.drain();
    }
    this.now = end;
  }

  says(
    index: number,
    wish: 'none' | 'shortcut' | 'successor',
    added: number[] = [],
    reset = true,
    version = 1,
  ): void {
    const points = new RingPoints();
    const coordinate = packCoordinate({ x: 0, y: 0, height: 1 });
    const items = added.map(at => ({
      point: points.intern(this.member(at)),
      leaf: false,
      coordinate,
    }));
    const fields = { leaf: false, reset, version, coordinate, error: 1, removed: [] };
    const bytes = withWish(encodeNeighbours({ ...fields, added: items }), wish);
    this.topology.control(this.now, this.member(index), bytes);
    this.drain();
  }

  roles(): Map<NodeId, LinkRole> {
    const roles = new Map<NodeId, LinkRole>();
    for (const neighbour of this.topology.neighbours.values()) {
      if (neighbour.wish() !== 'none') roles.set(neighbour.point.id, neighbour.role());
    }
    return roles;
  }

  ring(): NodeId[] {
    return [...this.roles()].filter(([, role]) => role === 'successor').map(([id]) => id);
  }
}
