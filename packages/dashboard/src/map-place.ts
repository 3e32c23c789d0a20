/** Degrees north and east. */
export type Coordinates = readonly [latitude: number, longitude: number];

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Beyond it, Mercator's map is higher than wide. */
const HIGHEST_LATITUDE = 85.05;
/** Between two at the same place, in parts of half the map: 20 km at the equator. */
const APART = 0.001;
/** Turns each by the golden angle, so that any number of them make a round cluster. */
const TURN = Math.PI * (3 - Math.sqrt(5));

/** On Mercator's map, where all is between -1 and 1; north is up. */
export function mercator([latitude, longitude]: Coordinates): Point {
  const north = Math.max(-HIGHEST_LATITUDE, Math.min(HIGHEST_LATITUDE, latitude));
  const y = Math.log(Math.tan(Math.PI / 4 + (north * Math.PI) / 360)) / Math.PI;
  return { x: longitude / 180, y };
}

/** A place for each of those that have coordinates; those at the same ones stand around them. */
export function mapPlaces(
  nodes: readonly { readonly key: string; readonly at: Coordinates | undefined }[],
): ReadonlyMap<string, Point> {
  const there = new Map<string, number>();
  const places = new Map<string, Point>();
  for (const { key, at } of nodes) {
    if (at === undefined) continue;
    const count = there.get(at.join()) ?? 0;
    there.set(at.join(), count + 1);
    const { x, y } = mercator(at);
    const away = APART * Math.sqrt(count);
    places.set(key, {
      x: x + away * Math.cos(count * TURN),
      y: y + away * Math.sin(count * TURN),
    });
  }
  return places;
}

/** What to show of the map: all places, with some ground around them. */
export function mapExtent(places: Iterable<Point>): { x: [number, number]; y: [number, number] } {
  const points = [...places];
  const around = (values: readonly number[]): [number, number] => {
    const [least, most] = [Math.min(...values), Math.max(...values)];
    const margin = Math.max(0.03, (most - least) * 0.15);
    return [least - margin, most + margin];
  };
  if (points.length === 0) return { x: [-1, 1], y: [-1, 1] };
  return { x: around(points.map(({ x }) => x)), y: around(points.map(({ y }) => y)) };
}
