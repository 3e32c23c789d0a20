import { MAX_LIST_ITEMS, MAX_MESSAGE_BYTES } from './control-message.ts';
import { encodeNeighbours } from './control-writer.ts';
import {
  packCoordinate,
  predictRtt,
  unpackCoordinate,
  type VivaldiCoordinate,
} from './coordinate.ts';
import type { Links } from './links.ts';
import type { Neighbour } from './neighbour.ts';
import type { RingPoint } from './ring-point.ts';
import { COORDINATE_MOVED_MS } from './topology-options.ts';

export type Change = 'added' | 'gone' | 'failed';

interface Item {
  readonly point: RingPoint;
  readonly leaf: boolean;
  readonly coordinate: number;
}

interface Removal {
  readonly point: RingPoint;
  readonly failed: boolean;
}

/** Bytes of a message without items, of an item, and of a removal. */
const HEAD_BYTES = 17;
const ITEM_BYTES = 23;
const REMOVAL_BYTES = 17;

/** Our neighbour list as we tell it: whole, or as numbered changes. A leaf's list is empty. */
export class OwnList {
  readonly #links: Links;
  readonly #leaf: boolean;
  readonly #position: VivaldiCoordinate;
  readonly #changes = new Map<RingPoint, Change>();
  #version = 0;

  constructor(links: Links, leaf: boolean, position: VivaldiCoordinate) {
    this.#links = links;
    this.#leaf = leaf;
    this.#position = position;
  }

  change(point: RingPoint, change: Change): void {
    if (!this.#leaf) this.#changes.set(point, change);
  }

  /** Has those told again whose coordinate moved since. Returns whether there is anything to tell. */
  refresh(): boolean {
    for (const neighbour of this.#links.neighbours.values()) {
      if (isListed(neighbour) && moved(neighbour)) this.change(neighbour.point, 'added');
    }
    return this.#changes.size > 0;
  }

  /** The messages that tell the whole list. */
  whole(): Uint8Array[] {
    const items: Item[] = [];
    for (const neighbour of this.#leaf ? [] : this.#links.neighbours.values()) {
      if (isListed(neighbour)) items.push(this.#item(neighbour));
    }
    const chunks = Math.max(1, Math.ceil(items.length / MAX_LIST_ITEMS));
    return Array.from({ length: chunks }, (_, chunk) => {
      const added = items.slice(chunk * MAX_LIST_ITEMS, (chunk + 1) * MAX_LIST_ITEMS);
      // The last chunk has the list's version, the ones before it count up to it.
      const version = (this.#version - (chunks - 1 - chunk)) >>> 0;
      return this.#encode(chunk === 0, version, added, []);
    });
  }

  /** The messages that tell what changed since the last time. */
  changes(): Uint8Array[] {
    const added: Item[] = [];
    const removed: Removal[] = [];
    for (const [point, change] of this.#changes) {
      const neighbour = this.#links.neighbours.get(point);
      if (neighbour && isListed(neighbour)) added.push(this.#item(neighbour));
      else if (change !== 'added') removed.push({ point, failed: change === 'failed' });
    }
    this.#changes.clear();
    const messages: Uint8Array[] = [];
    while (added.length + removed.length > 0) {
      const items = added.splice(0, MAX_LIST_ITEMS);
      const room = MAX_MESSAGE_BYTES - HEAD_BYTES - items.length * ITEM_BYTES;
      const most = Math.min(MAX_LIST_ITEMS, Math.floor(room / REMOVAL_BYTES));
      this.#version = (this.#version + 1) >>> 0;
      messages.push(this.#encode(false, this.#version, items, removed.splice(0, most)));
    }
    return messages;
  }

  /** A message without items: version, coordinate and wish only. */
  bare(): Uint8Array {
    return this.#encode(false, this.#version, [], []);
  }

  #item(neighbour: Neighbour): Item {
    neighbour.toldCoordinate = neighbour.coordinate;
    const coordinate = neighbour.coordinate ?? packCoordinate(this.#position);
    return { point: neighbour.point, leaf: neighbour.leaf, coordinate };
  }

  #encode(
    reset: boolean,
    version: number,
    added: readonly Item[],
    removed: readonly Removal[],
  ): Uint8Array {
    const coordinate = packCoordinate(this.#position);
    const { error } = this.#position;
    const fields = { leaf: this.#leaf, reset, version, coordinate, error };
    return encodeNeighbours({ ...fields, added, removed });
  }
}

/** A link that is about to end is used, but no longer counted on by others. */
function isListed({ unwantedSince }: Neighbour): boolean {
  return unwantedSince === undefined;
}

function moved({ coordinate, toldCoordinate }: Neighbour): boolean {
  if (coordinate === undefined || coordinate === toldCoordinate) return false;
  if (toldCoordinate === undefined) return true;
  const now = unpackCoordinate(coordinate);
  const told = unpackCoordinate(toldCoordinate);
  const plane = predictRtt({ ...now, height: 0 }, { ...told, height: 0 });
  return plane + Math.abs(now.height - told.height) > COORDINATE_MOVED_MS;
}
