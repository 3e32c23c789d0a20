import type { IncomingMessage, ServerResponse } from 'node:http';
import { EvioError } from '@evio/types';

/** HTTP status of an error's code; 422 for what is not here. */
const STATUS_OF: Readonly<Record<string, number>> = {
  REQUEST_INVALID: 400,
  NODE_UNKNOWN: 404,
  OVERLAY_UNKNOWN: 404,
  ROUTE_UNKNOWN: 404,
  NODE_AMBIGUOUS: 409,
  REQUEST_TOO_LARGE: 413,
  INTERNAL: 500,
};

/** What an error looks like to who asked. */
export interface ErrorBody {
  /** Stable, such as `NODE_UNKNOWN`; `INTERNAL` for what is the agent's own fault. */
  readonly code: string;
  readonly message: string;
}

/**
 * Reads the JSON body of a request; undefined when there is none.
 *
 * @throws EvioError `REQUEST_TOO_LARGE` beyond `mostBytes`, `REQUEST_INVALID` when it is not JSON.
 */
export async function readJson(request: IncomingMessage, mostBytes: number): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > mostBytes) {
      throw new EvioError('REQUEST_TOO_LARGE', `expected at most ${mostBytes} bytes`);
    }
    chunks.push(chunk);
  }
  if (size === 0) return undefined;
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (error) {
    throw new EvioError('REQUEST_INVALID', 'the body is not JSON', { cause: error });
  }
}

/** Ends the response with a value as JSON. */
export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(value ?? null)}\n`);
}

/** Ends the response with an error, or cuts it off where an answer has begun. */
export function sendError(
  response: ServerResponse,
  error: unknown,
  onFault: (error: unknown) => void,
): void {
  if (response.destroyed) return; // whoever asked has gone, which may be the error
  const body = errorBody(error, onFault);
  if (response.headersSent) response.destroy();
  else sendJson(response, STATUS_OF[body.code] ?? 422, { error: body });
}

/** An error that is no `EvioError` is a fault of ours: told to `onFault`, and not to who asked. */
export function errorBody(error: unknown, onFault: (error: unknown) => void): ErrorBody {
  if (error instanceof EvioError) return { code: error.code, message: error.message };
  onFault(error);
  return { code: 'INTERNAL', message: 'the agent failed to answer; its log says why' };
}
