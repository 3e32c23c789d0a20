import { EvioError, isNodeId, type NodeId } from '@evio/types';
import { z } from 'zod';

/**
 * The messages of `evio trace`, as JSON. A `trace` goes from neighbour to neighbour as a frame for its
 * target would; each node on the way sends a `step` back along the nodes that it came by.
 */
export type TraceMessage =
  | {
      readonly kind: 'trace';
      readonly token: number;
      readonly target: NodeId;
      /** State of routing, as in a forward record. */
      readonly bound: number;
      readonly plain: boolean;
      /** Where it has been, its source first. */
      readonly nodes: readonly NodeId[];
    }
  | {
      readonly kind: 'step';
      readonly token: number;
      /** From the source to the node that speaks, which is the last. */
      readonly nodes: readonly NodeId[];
      /** Where it went from there; absent at the target, and where no way is known. */
      readonly next?: TraceStep;
    };

/** What a node does with a frame for the target. */
export interface TraceStep {
  readonly id: NodeId;
  /**
   * Why this one: it is the target; it has a link to the target; it leads to the nearest to the target
   * within two hops; or, when that made no progress any more, it is the nearest neighbour.
   */
  readonly reason: (typeof STEP_REASONS)[number];
  readonly path: 'direct' | 'turn';
  /** Of the link to it, in ms; null when it is not measured yet. */
  readonly rttMs: number | null;
}

export const STEP_REASONS = ['target', 'look-ahead', 'nearest', 'fallback'] as const;

/** Nodes on a way, its source included: the hop limit and one. */
const NODES_MAX = 33;
/** Bytes. */
const MESSAGE_MAX = 2_048;

const Id = z.custom<NodeId>(value => typeof value === 'string' && isNodeId(value));
const Unsigned32 = z
  .int()
  .min(0)
  .max(2 ** 32 - 1);
const Nodes = z.array(Id).min(1).max(NODES_MAX);

const Wire = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('trace'),
    token: Unsigned32,
    target: Id,
    bound: Unsigned32,
    plain: z.boolean(),
    nodes: Nodes,
  }),
  z.strictObject({
    kind: z.literal('step'),
    token: Unsigned32,
    nodes: Nodes,
    next: z
      .strictObject({
        id: Id,
        reason: z.enum(STEP_REASONS),
        path: z.enum(['direct', 'turn']),
        rttMs: z.number().min(0).max(3_600_000).nullable(),
      })
      .exactOptional(),
  }),
]);

export function encodeTraceMessage(message: TraceMessage): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(message));
}

/** @throws EvioError `TRACE_MESSAGE_INVALID` for whatever {@link encodeTraceMessage} does not make. */
export function decodeTraceMessage(bytes: Uint8Array): TraceMessage {
  if (bytes.length > MESSAGE_MAX) throw invalid(`at most ${MESSAGE_MAX} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw invalid('JSON', { cause });
  }
  const parsed = Wire.safeParse(value);
  if (!parsed.success) throw invalid(parsed.error.issues[0]?.message ?? 'another shape');
  return parsed.data;
}

function invalid(what: string, options?: ErrorOptions): EvioError {
  return new EvioError('TRACE_MESSAGE_INVALID', `expected a trace message: ${what}`, options);
}
