import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { darkScheme } from './palette.ts';
import type { RingCanvas } from './ring-canvas.ts';
import type { RingGraph } from './ring-graph.ts';

/** What draws the ring is three quarters of the page's code: the rest does not wait for it. */
const drawing = import('./ring-canvas.ts');

const SCENES = [
  ['ring', 'Ring'],
  ['map', 'Map'],
] as const;

interface Props {
  readonly graph: RingGraph;
  /** Whether nodes have coordinates, so that they can be shown on a map. */
  readonly mapped: boolean;
  readonly selected: string | undefined;
  readonly onSelect: (node: string | undefined) => void;
  readonly onScene: (scene: RingGraph['scene']) => void;
}

/**
 * The ring. Everything in it is in the table as well, which keyboards and screen readers reach; here
 * they are told how much of it there is.
 */
export function RingView({ graph, mapped, selected, onSelect, onScene }: Props) {
  const element = useRef<HTMLDivElement>(null);
  const canvas = useRef<RingCanvas | undefined>(undefined);
  const [fault, setFault] = useState<string>();
  const [ready, setReady] = useState(false);
  const select = useRef(onSelect);
  select.current = onSelect;

  useEffect(() => {
    let gone = false;
    const recolour = () => canvas.current?.recolour();
    drawing
      .then(({ RingCanvas }) => {
        if (gone || element.current === null) return;
        canvas.current = new RingCanvas(element.current, node => select.current(node));
        setReady(true);
      })
      .catch((error: unknown) => setFault(error instanceof Error ? error.message : String(error)));
    darkScheme().addEventListener('change', recolour);
    return () => {
      gone = true;
      darkScheme().removeEventListener('change', recolour);
      canvas.current?.kill();
    };
  }, []);
  useLayoutEffect(() => {
    if (ready) canvas.current?.show(graph);
  }, [graph, ready]);
  useEffect(() => {
    if (ready) canvas.current?.select(selected);
  }, [selected, ready]);

  return (
    <figure class="ring card" aria-busy={!ready}>
      {mapped && (
        <div class="scenes">
          {SCENES.map(([scene, title]) => (
            <button
              key={scene}
              type="button"
              aria-pressed={graph.scene === scene}
              onClick={() => onScene(scene)}
            >
              {title}
            </button>
          ))}
        </div>
      )}
      <div class="canvas" ref={element} role="img" hidden={fault !== undefined} />
      {fault !== undefined && (
        <p role="status">The ring needs WebGL ({fault}). The table has all the nodes.</p>
      )}
      <Legend />
    </figure>
  );
}

function Legend() {
  return (
    <figcaption>
      <ul class="legend" aria-label="Colours: the kind of path">
        <li class="key direct">direct</li>
        <li class="key turn">relayed</li>
        <li class="key overlay">over members</li>
        <li class="key none">none</li>
      </ul>
      <ul class="legend" aria-label="Lines: the kind of link">
        {LINES.map(([look, d, what]) => (
          <li key={what}>
            <svg class={look} viewBox="0 0 30 12" width="30" height="12" aria-hidden="true">
              <path d={d} />
            </svg>
            {what}
          </li>
        ))}
      </ul>
    </figcaption>
  );
}

const LINES = [
  ['solid', 'M0 6H30', 'successor, static'],
  ['solid', 'M0 9Q15 -3 30 9', 'shortcut'],
  ['solid', 'M0 6H28M22 2L29 6L22 10', 'on demand'],
  ['hair', 'M0 6H30', 'of others'],
  ['trace', 'M0 6H28M22 1L29 6L22 11', 'trace'],
  ['wide', 'M0 6H30', 'the wider, the nearer'],
] as const;
