import { EvioError } from '@evio/types';
import { z } from 'zod';
import { OPERATIONS, type OperationName, type Operations } from './operations.ts';

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
  readonly method: string;
  readonly path: string;
  handle(request: ControlRequest): unknown;
}

/** A request whose parts are what the operation's schemas say. */
interface CheckedRequest<Name extends OperationName> {
  readonly query: z.output<Operations[Name]['query']>;
  readonly body: z.output<Operations[Name]['body']>;
  readonly signal: AbortSignal;
}

interface Schemas<Name extends OperationName> {
  readonly query: z.ZodType<CheckedRequest<Name>['query']>;
  readonly body: z.ZodType<CheckedRequest<Name>['body']>;
}

const SCHEMAS: { readonly [Name in OperationName]: Schemas<Name> } = OPERATIONS;

/** Answers an operation: `handle` gets its request when that is as the schemas say. */
export function routeOf<Name extends OperationName>(
  name: Name,
  handle: (request: CheckedRequest<Name>) => unknown,
): Route {
  const schemas: Schemas<Name> = SCHEMAS[name];
  const [method = '', path = ''] = name.split(' ');
  return {
    method,
    path,
    handle: ({ query, body, signal }) =>
      handle({
        query: readBy(schemas.query, Object.fromEntries(query)),
        body: readBy(schemas.body, body),
        signal,
      }),
  };
}

/**
 * Reads a part of a request by its schema.
 *
 * @throws EvioError `REQUEST_INVALID` with what is wrong.
 */
export function readBy<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new EvioError('REQUEST_INVALID', z.prettifyError(result.error));
}
