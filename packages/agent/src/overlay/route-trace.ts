import { FIRST_BOUND, HOP_LIMIT } from '@evio/topology';
import type { NodeId } from '@evio/types';
import type { TraceMessage, TraceStep } from '../peer/trace-message-codec.ts';

/** Each node passes on this many trace messages a second, others are dropped. */
const RATE = 100;

/** A step, and the state of routing after it. */
export interface RoutedStep extends TraceStep {
  readonly bound: number;
  readonly plain: boolean;
}

export interface RouteTraceOptions {
  readonly self: NodeId;
  /** What this node does with a frame for `target`; undefined when it knows no way. */
  readonly next: (
    target: NodeId,
    state: { readonly bound: number; readonly plain: boolean },
  ) => RoutedStep | undefined;
  /** Says it to a neighbour; may be lost. */
  readonly tell: (to: NodeId, message: TraceMessage) => void;
}

/** A trace that was begun here. */
interface Trace {
  /** By the distance of the node that told it. */
  readonly steps: Map<number, TraceStep | undefined>;
  readonly done: (steps: TraceStep[]) => void;
}

/**
 * `evio trace`: asks the nodes on the way to a target, each of which decides for itself, what they do
 * with a frame for it. No state is kept on the way. Sans-IO; the caller gives up a trace in time.
 */
export class RouteTrace {
  readonly #options: RouteTraceOptions;
  readonly #traces = new Map<number, Trace>();
  #second = 0;
  #passed = 0;

  constructor(options: RouteTraceOptions) {
    this.#options = options;
  }

  /** Begins a trace. `done` gets the steps from here to the target, in order, once all are known. */
  begin(token: number, target: NodeId, done: (steps: TraceStep[]) => void): void {
    this.#traces.set(token, { steps: new Map(), done });
    this.#go({ kind: 'trace', token, target, bound: FIRST_BOUND, plain: false, nodes: [] });
  }

  /** Ends a trace; the steps that are known, without a gap. */
  end(token: number): TraceStep[] {
    const trace = this.#traces.get(token);
    this.#traces.delete(token);
    return trace === undefined ? [] : known(trace);
  }

  /** A message came from the neighbour `from`. Returns why it was dropped, if it was. */
  receive(now: number, from: NodeId, message: TraceMessage): 'rate' | 'malformed' | undefined {
    const second = Math.floor(now / 1_000);
    if (second !== this.#second) this.#passed = 0;
    this.#second = second;
    this.#passed += 1;
    if (this.#passed > RATE) return 'rate';
    const { nodes } = message;
    if (message.kind === 'step') {
      // It comes back the way that the trace went: by the node behind this one.
      if (nodes[nodes.indexOf(this.#options.self) + 1] !== from) return 'malformed';
      this.#back(message);
      return undefined;
    }
    if (nodes.at(-1) !== from || nodes.length > HOP_LIMIT) return 'malformed';
    this.#go(message);
    return undefined;
  }

  /** Decides here, tells the source, and passes it on. */
  #go({ token, target, bound, plain, nodes: before }: TraceMessage & { kind: 'trace' }): void {
    const { next, self, tell } = this.#options;
    const nodes = [...before, self];
    const step = target === self ? undefined : next(target, { bound, plain });
    if (step === undefined) {
      this.#back({ kind: 'step', token, nodes });
      return;
    }
    const { id, reason, path, rttMs } = step;
    this.#back({ kind: 'step', token, nodes, next: { id, reason, path, rttMs } });
    tell(id, { kind: 'trace', token, target, bound: step.bound, plain: step.plain, nodes });
  }

  #back(message: TraceMessage & { kind: 'step' }): void {
    const { self, tell } = this.#options;
    const { nodes, token } = message;
    const at = nodes.indexOf(self);
    const before = nodes[at - 1];
    if (at > 0 && before !== undefined) tell(before, message);
    if (at !== 0) return;
    const trace = this.#traces.get(token);
    if (trace === undefined) return;
    trace.steps.set(nodes.length - 1, message.next);
    const steps = known(trace);
    const end = trace.steps.get(steps.length);
    // Complete when the node behind the last step has none.
    if (trace.steps.has(steps.length) && end === undefined) {
      this.#traces.delete(token);
      trace.done(steps);
    }
  }
}

/** The steps from the source on, up to the first that is missing. */
function known({ steps }: Trace): TraceStep[] {
  const found: TraceStep[] = [];
  for (let step = steps.get(0); step !== undefined; step = steps.get(found.length)) {
    found.push(step);
  }
  return found;
}
