import { feature } from 'topojson-client';
import type { Topology } from 'topojson-specification';
import land from 'world-atlas/land-110m.json';
import { mercator } from './map-place.ts';

const SVG = 'http://www.w3.org/2000/svg';

/** The world's land (Natural Earth, 1 : 110 million) on the square of Mercator's map. */
export function drawLand(): SVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '-1 -1 2 2');
  svg.setAttribute('preserveAspectRatio', 'none');
  const d = outlines().map(outline).join('');
  // What goes on beyond one edge comes in at the other.
  for (const shift of [-2, 0, 2]) {
    const path = document.createElementNS(SVG, 'path');
    path.setAttribute('d', d);
    path.setAttribute('transform', `translate(${shift} 0)`);
    svg.append(path);
  }
  return svg;
}

/** Closed lines of longitudes and latitudes. */
function outlines(): number[][][] {
  const topology = land as unknown as Topology;
  const { land: object } = topology.objects;
  if (object === undefined) return [];
  const found = feature(topology, object);
  const features = found.type === 'FeatureCollection' ? found.features : [found];
  return features.flatMap(({ geometry }) => {
    if (geometry.type === 'Polygon') return geometry.coordinates;
    return geometry.type === 'MultiPolygon' ? geometry.coordinates.flat() : [];
  });
}

/** Goes on beyond the edge where a line crosses it, instead of back across the map. */
function outline(points: number[][]): string {
  let shift = 0;
  let before = points[0]?.[0] ?? 0;
  const steps = points.map(([longitude = 0, latitude = 0]) => {
    if (longitude - before > 180) shift -= 360;
    else if (before - longitude > 180) shift += 360;
    before = longitude;
    const { x, y } = mercator([latitude, longitude + shift]);
    return `${x.toFixed(4)} ${(-y).toFixed(4)}`;
  });
  return `M${steps.join('L')}Z`;
}
