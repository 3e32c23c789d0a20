import type { Trace } from '@evio/agent/control';

/** A trace that was asked for: under way, failed with a message, or done. */
export type TraceState = 'asking' | { readonly failed: string } | { readonly done: Trace };

/** A question of its own, even where the same was asked before. */
export interface TraceQuestion {
  readonly overlay: string;
  readonly node: string;
}

export interface AskedTrace {
  readonly question: TraceQuestion;
  readonly state: TraceState;
}

/** What is known once an answer came: that of a question which another one followed is late. */
export function answered(
  present: AskedTrace | undefined,
  question: TraceQuestion,
  state: TraceState,
): AskedTrace | undefined {
  return present?.question === question ? { question, state } : present;
}

/** What of it belongs to the node that is looked at. */
export function traceOf(
  asked: AskedTrace | undefined,
  overlay: string | undefined,
  node: string | undefined,
): TraceState | undefined {
  const { question, state } = asked ?? {};
  return question?.overlay === overlay && question?.node === node ? state : undefined;
}
