import { EvioError } from '@evio/types';
import { z } from 'zod';

/** A request to the control socket, read and bounded. */
export interface ControlRequest {
  readonly query: URLSearchParams;
  /** The JSON body; undefined without one. */
  readonly body: unknown;
  /** Aborted when whoever asked has gone. */
  readonly signal: AbortSignal;
}

/**
 * One thing that can be asked. `handle` returns what is sent as JSON; an async iterable is sent as
 * JSON lines, each when it comes. Thrown `EvioError`s become the answer.
 */
export interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  handle(request: ControlRequest): unknown;
}

/**
 * Reads a request's body by its schema.
 *
 * @throws EvioError `REQUEST_INVALID` with what is wrong.
 */
export function readBody<T extends z.ZodType>(schema: T, body: unknown): z.output<T> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  throw new EvioError('REQUEST_INVALID', z.prettifyError(result.error));
}
