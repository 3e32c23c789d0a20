import type { RingPoint } from './ring-point.ts';

/** A neighbour's own neighbours as it told us: what one-hop look-ahead sees. */
export class NeighbourList {
  /** Undefined until a list has begun, or after a gap. */
  version: number | undefined;
  /** Set when it named ids of which we have no record. */
  incomplete = false;
  readonly points: RingPoint[] = [];
  /** Packed coordinates, one for each point. */
  readonly coordinates: number[] = [];
  /** Those of `points` that are leafs; rarely any. */
  readonly leafs: RingPoint[] = [];

  reset(): void {
    this.points.length = 0;
    this.coordinates.length = 0;
    this.leafs.length = 0;
    this.incomplete = false;
  }

  /** Adds a point, or takes its new coordinate. */
  set(point: RingPoint, leaf: boolean, coordinate: number): void {
    const index = this.points.indexOf(point);
    if (index < 0) {
      this.points.push(point);
      this.coordinates.push(coordinate);
    } else this.coordinates[index] = coordinate;
    const at = this.leafs.indexOf(point);
    if (leaf && at < 0) this.leafs.push(point);
    if (!leaf && at >= 0) this.leafs.splice(at, 1);
  }

  delete(point: RingPoint): void {
    const index = this.points.indexOf(point);
    if (index < 0) return;
    const last = this.points.pop();
    const lastCoordinate = this.coordinates.pop();
    if (last && lastCoordinate !== undefined && index < this.points.length) {
      this.points[index] = last;
      this.coordinates[index] = lastCoordinate;
    }
    const at = this.leafs.indexOf(point);
    if (at >= 0) this.leafs.splice(at, 1);
  }

  has(point: RingPoint): boolean {
    return this.points.includes(point);
  }
}
