import { useEffect, useState } from 'preact/hooks';
import type { AgentClient } from './agent-client.ts';
import { type AskedTrace, answered, type TraceState, traceOf } from './trace-state.ts';

/** The trace to the node that is looked at, if one was asked for since it was chosen. */
export function useTrace(
  client: AgentClient,
  overlay: string | undefined,
  node: string | undefined,
): { readonly trace: TraceState | undefined; readonly startTrace: () => void } {
  const [asked, setAsked] = useState<AskedTrace>();
  useEffect(() => () => setAsked(undefined), [client, overlay, node]);
  const startTrace = () => {
    if (overlay === undefined || node === undefined) return;
    const question = { overlay, node };
    const take = (state: TraceState) => setAsked(present => answered(present, question, state));
    setAsked({ question, state: 'asking' });
    client.trace(overlay, node).then(
      done => take({ done }),
      (error: Error) => take({ failed: error.message }),
    );
  };
  return { trace: traceOf(asked, overlay, node), startTrace };
}
