import { useEffect, useRef, useState } from 'preact/hooks';
import { darkScheme } from './palette.ts';
import { RingCanvas } from './ring-canvas.ts';
import type { RingGraph } from './ring-graph.ts';

interface Props {
  readonly graph: RingGraph;
  readonly selected: string | undefined;
  readonly onSelect: (node: string | undefined) => void;
}

/** The ring. Everything in it is in the table as well, which keyboards and screen readers reach. */
export function RingView({ graph, selected, onSelect }: Props) {
  const element = useRef<HTMLDivElement>(null);
  const canvas = useRef<RingCanvas | undefined>(undefined);
  const [fault, setFault] = useState<string>();
  // Counts the changes of the colour scheme; after each, all is drawn anew.
  const [scheme, setScheme] = useState(0);
  const select = useRef(onSelect);
  select.current = onSelect;

  useEffect(() => {
    if (element.current === null) return;
    try {
      canvas.current = new RingCanvas(element.current, node => select.current(node));
    } catch (error) {
      setFault(error instanceof Error ? error.message : String(error));
      return;
    }
    const media = darkScheme();
    const recolour = () => {
      canvas.current?.recolour();
      setScheme(count => count + 1);
    };
    media.addEventListener('change', recolour);
    return () => {
      media.removeEventListener('change', recolour);
      canvas.current?.kill();
    };
  }, []);
  // `scheme` counts the colours' changes, after which all is drawn anew.
  useEffect(() => canvas.current?.show(graph), [graph, scheme]);
  useEffect(() => canvas.current?.select(selected), [selected]);

  return (
    <figure class="ring">
      <div class="canvas" ref={element} aria-hidden="true" />
      {fault !== undefined && (
        <p role="status">The ring needs WebGL ({fault}). The table has all the nodes.</p>
      )}
      <figcaption>
        <span class="key direct">direct</span> <span class="key turn">relayed</span>{' '}
        <span class="key overlay">over members</span> <span class="key none">none, or heard</span>
        <br />
        straight: successor or static; curved: shortcut; arrow: on demand; hair: a neighbour's link;
        the wider, the nearer
      </figcaption>
    </figure>
  );
}
