import EdgeCurveProgram from '@sigma/edge-curve';
import Graph from 'graphology';
import Sigma from 'sigma';
import { EdgeArrowProgram, EdgeLineProgram, EdgeRectangleProgram } from 'sigma/rendering';
import { type Palette, paletteNow } from './palette.ts';
import type { LinkLook, RingGraph, RingLink, RingNode } from './ring-graph.ts';

/** How each role is drawn; the colour is left for the path and the width for the round trip. */
const PROGRAM_OF: Readonly<Record<LinkLook, string>> = {
  successor: 'solid',
  static: 'solid',
  shortcut: 'curved',
  'on-demand': 'pointed',
  trace: 'hop',
  heard: 'hair',
};

/**
 * The ring, drawn by WebGL. Each new state changes only what differs from the one before: a second's
 * news costs little even with thousands of links.
 *
 * @throws Error where the browser has no WebGL.
 */
export class RingCanvas {
  readonly #graph = new Graph({ type: 'directed', multi: true });
  readonly #sigma: Sigma;
  readonly #drawn = new Map<string, string>();
  #palette: Palette = paletteNow();
  #selected: string | undefined;

  constructor(element: HTMLElement, onSelect: (node: string | undefined) => void) {
    this.#sigma = new Sigma(this.#graph, element, {
      allowInvalidContainer: true,
      zIndex: true,
      hideEdgesOnMove: false,
      labelFont: 'system-ui, sans-serif',
      labelColor: { attribute: 'labelColor' },
      labelRenderedSizeThreshold: 5,
      labelDensity: 0.5,
      defaultEdgeType: 'solid',
      edgeProgramClasses: {
        // Drawn in this order, after sigma's own "arrow" and "line".
        hair: EdgeLineProgram,
        solid: EdgeRectangleProgram,
        curved: EdgeCurveProgram,
        pointed: EdgeArrowProgram,
        hop: EdgeArrowProgram,
      },
      defaultDrawNodeHover: (context, { x, y, size, label }) => {
        context.fillStyle = this.#palette.ground;
        context.font = '14px system-ui, sans-serif';
        const width = context.measureText(label ?? '').width;
        context.fillRect(x + size, y - 12, width + 12, 24);
        context.fillStyle = this.#palette.label;
        context.fillText(label ?? '', x + size + 6, y + 5);
      },
      nodeReducer: (node, attributes) =>
        node === this.#selected ? { ...attributes, highlighted: true } : attributes,
    });
    // The whole circle, whoever stands on it.
    this.#sigma.setCustomBBox({ x: [-1, 1], y: [-1, 1] });
    this.#sigma.on('clickNode', ({ node }) => onSelect(node));
    this.#sigma.on('clickStage', () => onSelect(undefined));
  }

  show({ nodes, links }: RingGraph): void {
    const now = new Set([...nodes, ...links].map(({ key }) => key));
    for (const key of this.#drawn.keys()) {
      if (now.has(key)) continue;
      // A node takes its links with it.
      if (this.#graph.hasEdge(key)) this.#graph.dropEdge(key);
      else if (this.#graph.hasNode(key)) this.#graph.dropNode(key);
      this.#drawn.delete(key);
    }
    for (const node of nodes) {
      if (this.#isNew(node)) this.#graph.mergeNode(node.key, this.#nodeAttributes(node));
    }
    for (const link of links) {
      if (!this.#isNew(link) && this.#graph.hasEdge(link.key)) continue;
      // The ends of a pair may have changed sides.
      if (this.#graph.hasEdge(link.key)) this.#graph.dropEdge(link.key);
      this.#graph.addEdgeWithKey(link.key, link.from, link.to, this.#linkAttributes(link));
    }
  }

  select(node: string | undefined): void {
    this.#selected = node;
    this.#sigma.refresh({ skipIndexation: true });
  }

  /** Takes the colours of the present scheme; what is shown next is drawn anew. */
  recolour(): void {
    this.#palette = paletteNow();
    this.#drawn.clear();
    this.#graph.clear();
  }

  kill(): void {
    this.#sigma.kill();
  }

  #isNew(item: RingNode | RingLink): boolean {
    const text = JSON.stringify(item);
    if (this.#drawn.get(item.key) === text) return false;
    this.#drawn.set(item.key, text);
    return true;
  }

  #nodeAttributes({ label, x, y, self, path }: RingNode) {
    const { self: own, path: paths, label: labelColor } = this.#palette;
    return { label, labelColor, x, y, size: self ? 9 : 6, color: self ? own : paths[path] };
  }

  #linkAttributes({ look, path, width }: RingLink) {
    const { faint, trace, path: paths } = this.#palette;
    const color = look === 'heard' ? faint : look === 'trace' ? trace : paths[path];
    const zIndex = look === 'trace' ? 2 : look === 'heard' ? 0 : 1;
    return { type: PROGRAM_OF[look], size: width, color, zIndex };
  }
}
