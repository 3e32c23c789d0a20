import EdgeCurveProgram from '@sigma/edge-curve';
import Graph from 'graphology';
import Sigma from 'sigma';
import { EdgeArrowProgram, EdgeLineProgram, EdgeRectangleProgram } from 'sigma/rendering';
import type { Settings } from 'sigma/settings';
import type { NodeDisplayData, PartialButFor } from 'sigma/types';
import { mapExtent } from './map-place.ts';
import { type Palette, paletteNow } from './palette.ts';
import {
  type LinkLook,
  type RingGraph,
  type RingLink,
  type RingNode,
  sameShape,
} from './ring-graph.ts';

/** How each role is drawn; the colour is left for the path and the width for the round trip. */
const PROGRAM_OF: Readonly<Record<LinkLook, string>> = {
  successor: 'solid',
  static: 'solid',
  shortcut: 'curved',
  'on-demand': 'pointed',
  trace: 'hop',
  heard: 'hair',
};

/** For those who do not see it. */
const describe = (scene: RingGraph['scene'], { order, size }: Graph) =>
  `${scene === 'ring' ? 'Ring' : 'Map'} of ${order} ${order === 1 ? 'node' : 'nodes'} and ${size} ${size === 1 ? 'link' : 'links'}`;

/** Pixels between a node and its name. */
const LABEL_GAP = 6;

/** What the ring takes, and the whole map. */
const WHOLE: { x: [number, number]; y: [number, number] } = { x: [-1, 1], y: [-1, 1] };

type Label = PartialButFor<NodeDisplayData, 'x' | 'y' | 'size' | 'label' | 'color'>;

/**
 * The ring, drawn by WebGL: 5,000 lines took Chromium 50 ms there without a graphics card, and 180 ms
 * on a 2D canvas.
 *
 * @throws Error where the browser has no WebGL.
 */
export class RingCanvas {
  readonly #sigma: Sigma;
  #graph = new Graph({ type: 'directed', multi: true });
  #shown: RingGraph = { scene: 'ring', nodes: [], links: [] };
  #palette: Palette = paletteNow();
  #selected: string | undefined;
  readonly #element: HTMLElement;
  /** Below all: the circle that the nodes stand on, or land. */
  readonly #guide: HTMLElement;

  constructor(element: HTMLElement, onSelect: (node: string | undefined) => void) {
    this.#element = element;
    this.#sigma = new Sigma(this.#graph, element, {
      allowInvalidContainer: true,
      zIndex: true,
      // Room for names beside the ring; a phone has little.
      stagePadding: element.clientWidth < 600 ? 44 : 76,
      labelFont: 'system-ui, sans-serif',
      labelSize: 13,
      labelRenderedSizeThreshold: 3,
      labelGridCellSize: 80,
      minEdgeThickness: 1,
      defaultEdgeType: 'solid',
      edgeProgramClasses: {
        // Drawn in this order, after sigma's own "arrow" and "line".
        hair: EdgeLineProgram,
        solid: EdgeRectangleProgram,
        curved: EdgeCurveProgram,
        pointed: EdgeArrowProgram,
        hop: EdgeArrowProgram,
      },
      defaultDrawNodeLabel: (context, node, settings) => this.#drawLabel(context, node, settings),
      defaultDrawNodeHover: (context, node, settings) => this.#drawHover(context, node, settings),
      nodeReducer: (node, attributes) =>
        node === this.#selected ? { ...attributes, highlighted: true } : attributes,
    });
    this.#guide = this.#sigma.createLayer('guide', 'div', { beforeLayer: 'edges' });
    this.#enter(this.#shown);
    this.#sigma.on('afterRender', () => this.#placeGuide());
    this.#sigma.on('clickNode', ({ node }) => onSelect(node));
    this.#sigma.on('clickStage', () => onSelect(undefined));
  }

  /**
   * Sigma goes through all nodes and links for each that is dropped: 450 ms when 500 of 5,000 links
   * moved. So another graph takes the place of the one whose links are not the same any more, and in
   * the same one only what looks different is changed.
   */
  show(next: RingGraph): void {
    const before = this.#shown;
    this.#shown = next;
    if (before.scene !== next.scene) this.#enter(next);
    if (!sameShape(before, next)) {
      this.#thinLabels(next);
      this.#graph = this.#graphOf(next);
      this.#sigma.setGraph(this.#graph);
      this.#element.ariaLabel = describe(next.scene, this.#graph);
      return;
    }
    next.nodes.forEach((node, index) => {
      const was = before.nodes[index];
      if (was?.path === node.path && was.label === node.label && was.size === node.size) return;
      this.#graph.replaceNodeAttributes(node.key, this.#nodeAttributes(node));
    });
    next.links.forEach((link, index) => {
      const was = before.links[index];
      if (was?.path === link.path && was.width === link.width) return;
      this.#graph.replaceEdgeAttributes(link.key, this.#linkAttributes(link));
    });
  }

  select(node: string | undefined): void {
    const changed = [this.#selected, node].filter(key => this.#graph.hasNode(key));
    this.#selected = node;
    this.#sigma.refresh({
      partialGraph: { nodes: changed.map(String) },
      skipIndexation: true,
      schedule: true,
    });
  }

  /** Takes the colours of the present scheme. */
  recolour(): void {
    this.#palette = paletteNow();
    this.#graph = this.#graphOf(this.#shown);
    this.#sigma.setGraph(this.#graph);
  }

  kill(): void {
    this.#sigma.kill();
  }

  /** Names of all nodes, unless they are many. */
  #thinLabels({ nodes }: RingGraph): void {
    const density = nodes.length > 60 ? 0.4 : 10;
    if (this.#sigma.getSetting('labelDensity') === density) return;
    this.#sigma.setSetting('labelDensity', density);
  }

  /** Shows the whole circle, whoever stands on it; of the map, where nodes are. */
  #enter({ scene, nodes }: RingGraph): void {
    this.#sigma.setCustomBBox(scene === 'map' ? mapExtent(nodes) : WHOLE);
    void this.#sigma.getCamera().animatedReset();
    this.#guide.className = `sigma-guide ${scene}`;
    if (scene === 'map' && this.#guide.firstChild === null) {
      void import('./land.ts').then(({ drawLand }) => this.#guide.replaceChildren(drawLand()));
    }
  }

  #graphOf({ nodes, links }: RingGraph): Graph {
    const graph = new Graph({ type: 'directed', multi: true });
    for (const node of nodes) graph.addNode(node.key, this.#nodeAttributes(node));
    for (const link of links) {
      graph.addEdgeWithKey(link.key, link.from, link.to, this.#linkAttributes(link));
    }
    return graph;
  }

  #nodeAttributes({ label, x, y, self, path, size }: RingNode) {
    const { self: own, path: paths } = this.#palette;
    return { label, x, y, size, color: self ? own : paths[path], zIndex: self ? 1 : 0 };
  }

  #linkAttributes({ look, path, width }: RingLink) {
    const { hair, trace, path: paths } = this.#palette;
    const color = look === 'heard' ? hair : look === 'trace' ? trace : paths[path];
    return { type: PROGRAM_OF[look], size: width, color };
  }

  /** Outside of the ring, away from the links. */
  #drawLabel(context: CanvasRenderingContext2D, node: Label, { labelFont, labelSize }: Settings) {
    const { label, size } = node;
    if (!label) return;
    const { x, y } = this.#outward(node, size + LABEL_GAP);
    context.font = `${labelSize}px ${labelFont}`;
    context.fillStyle = this.#palette.label;
    context.textBaseline = 'middle';
    const aside = (x - node.x) / (size + LABEL_GAP);
    context.textAlign = aside > 0.3 ? 'left' : aside < -0.3 ? 'right' : 'center';
    context.fillText(label, x, y);
  }

  #drawHover(context: CanvasRenderingContext2D, node: Label, settings: Settings) {
    const { x, y, size, color, label } = node;
    const { ground, label: ink } = this.#palette;
    context.font = `${settings.labelSize}px ${settings.labelFont}`;
    const width = context.measureText(label ?? '').width;
    const at = this.#outward(node, size + LABEL_GAP);
    context.fillStyle = ground;
    const aside = (at.x - x) / (size + LABEL_GAP);
    const left = aside > 0.3 ? at.x : aside < -0.3 ? at.x - width : at.x - width / 2;
    context.fillRect(left - 3, at.y - 10, width + 6, 20);
    context.beginPath();
    context.arc(x, y, size + 4, 0, 2 * Math.PI);
    context.strokeStyle = ink;
    context.lineWidth = 2;
    context.stroke();
    context.beginPath();
    context.arc(x, y, size, 0, 2 * Math.PI);
    context.fillStyle = color;
    context.fill();
    this.#drawLabel(context, node, settings);
  }

  /** The point so many pixels further from the ring's middle; on the map, to the right. */
  #outward({ x, y }: { x: number; y: number }, by: number) {
    if (this.#shown.scene === 'map') return { x: x + by, y };
    const middle = this.#sigma.graphToViewport({ x: 0, y: 0 });
    const distance = Math.hypot(x - middle.x, y - middle.y) || 1;
    return { x: x + ((x - middle.x) / distance) * by, y: y + ((y - middle.y) / distance) * by };
  }

  #placeGuide(): void {
    const leftTop = this.#sigma.graphToViewport({ x: -1, y: 1 });
    const rightBottom = this.#sigma.graphToViewport({ x: 1, y: -1 });
    this.#guide.style.left = `${leftTop.x}px`;
    this.#guide.style.top = `${leftTop.y}px`;
    this.#guide.style.width = `${rightBottom.x - leftTop.x}px`;
    this.#guide.style.height = `${rightBottom.y - leftTop.y}px`;
  }
}
