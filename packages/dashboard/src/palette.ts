import type { PathKind } from './ring-graph.ts';

/** Colours of what is drawn on the canvas, which no style sheet reaches. */
export interface Palette {
  readonly label: string;
  readonly ground: string;
  readonly self: string;
  /** Links of others, where many lie over each other; multiplied by its alpha, as sigma takes it. */
  readonly hair: string;
  readonly trace: string;
  readonly path: Readonly<Record<PathKind, string>>;
}

// Blue, orange, violet and grey are told apart with every common colour blindness.
const LIGHT: Palette = {
  label: '#1b1f24',
  ground: '#ffffff',
  self: '#1b1f24',
  hair: 'rgba(17, 20, 24, 0.16)',
  trace: '#c2185b',
  path: { direct: '#0b6bcb', turn: '#d97706', overlay: '#7c3aed', none: '#8b95a1' },
};
const DARK: Palette = {
  label: '#e6e9ed',
  ground: '#171b20',
  self: '#ffffff',
  hair: 'rgba(26, 30, 36, 0.2)',
  trace: '#ff6fa5',
  path: { direct: '#58a6ff', turn: '#f5a742', overlay: '#b794ff', none: '#6b7580' },
};

export const darkScheme = () => matchMedia('(prefers-color-scheme: dark)');
export const paletteNow = (): Palette => (darkScheme().matches ? DARK : LIGHT);
