import { once } from 'node:events';
import { lstatSync, mkdirSync, unlinkSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { EvioError } from '@evio/types';
import { createServer } from '../system/node-http.ts';
import { errorBody, readJson, sendError, sendJson } from './json-exchange.ts';
import type { Route } from './route.ts';
import { openTo } from './socket-access.ts';

/** Requests are a few names and numbers (CNI's, the largest, a few KiB). */
const MOST_BODY_BYTES = 256 * 1024;
const MOST_CONNECTIONS = 64;

export interface ControlServerOptions {
  /** Path of the unix socket. */
  readonly socket: string;
  /** Number of the group that may open it beside its owner; absent: nobody else. */
  readonly group?: number | undefined;
  readonly routes: readonly Route[];
  /** Told what went wrong within the agent itself, not the errors of those who ask. */
  readonly onFault: (error: unknown) => void;
}

/**
 * HTTP with JSON over a unix socket that only root (or who else runs the agent) and one group can open.
 *
 * A socket file that nobody listens on is left over from an agent that was killed: it is replaced.
 * One that answers belongs to a running agent: that is refused.
 */
export class ControlServer {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /**
   * Makes way for {@link listen}: removes a socket that nobody listens on.
   *
   * @throws EvioError `AGENT_RUNNING`, or `CONTROL_SOCKET_FAILED` when the place cannot be used.
   */
  static claim(socket: string): Promise<void> {
    return removeStale(socket);
  }

  /** @throws EvioError `AGENT_RUNNING`, or `CONTROL_SOCKET_FAILED` when the socket cannot be made. */
  static async listen(options: ControlServerOptions): Promise<ControlServer> {
    const { socket } = options;
    await removeStale(socket);
    const server = createServer((request, response) => void answer(options, request, response));
    server.maxConnections = MOST_CONNECTIONS;
    const listening = once(server, 'listening');
    // The socket must not be open to others even between bind() and chmod().
    const umask = process.umask(0o177);
    try {
      server.listen({ path: socket });
    } finally {
      process.umask(umask);
    }
    try {
      await listening;
      openTo(socket, options.group);
    } catch (error) {
      throw socketError(socket, error);
    }
    return new ControlServer(server);
  }

  /** Ends open requests and removes the socket. */
  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}

function socketError(socket: string, error: unknown): EvioError {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'EADDRINUSE') return alreadyRunning(socket);
  const mend = code === 'EACCES' || code === 'EPERM' ? '; the agent has to run as root' : '';
  const cause = { cause: error };
  const message = `the control socket ${socket} cannot be made (${code ?? String(error)})${mend}`;
  return new EvioError('CONTROL_SOCKET_FAILED', message, cause);
}

function alreadyRunning(socket: string): EvioError {
  return new EvioError('AGENT_RUNNING', `another agent is running: it answers at ${socket}`);
}

async function removeStale(socket: string): Promise<void> {
  try {
    mkdirSync(dirname(socket), { recursive: true, mode: 0o755 });
    const found = lstatSync(socket, { throwIfNoEntry: false });
    if (!found) return;
    if (!found.isSocket()) {
      throw new EvioError('CONTROL_SOCKET_FAILED', `${socket} is there and is not a socket`);
    }
    if (await answers(socket)) throw alreadyRunning(socket);
    unlinkSync(socket);
  } catch (error) {
    throw error instanceof EvioError ? error : socketError(socket, error);
  }
}

/** Whether anybody listens on a unix socket. */
function answers(socket: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const connection = connect({ path: socket });
    connection.once('connect', () => {
      connection.destroy();
      resolve(true);
    });
    connection.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false);
      else reject(error);
    });
  });
}

async function answer(
  { routes, onFault }: ControlServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  try {
    const url = new URL(request.url ?? '/', 'http://evio');
    const route = routes.find(
      ({ method, path }) => method === request.method && path === url.pathname,
    );
    if (!route) {
      throw new EvioError('ROUTE_UNKNOWN', `no ${request.method} ${url.pathname} in this agent`);
    }
    const body = await readJson(request, MOST_BODY_BYTES);
    const result = await route.handle({ query: url.searchParams, body, signal: gone.signal });
    if (isAsyncIterable(result)) await sendLines(response, result, onFault);
    else sendJson(response, 200, result);
  } catch (error) {
    if (!gone.signal.aborted) sendError(response, error, onFault);
  }
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

/** Sends one JSON line per value; an error in the midst becomes the last line. */
async function sendLines(
  response: ServerResponse,
  lines: AsyncIterable<unknown>,
  onFault: (error: unknown) => void,
): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  try {
    for await (const line of lines) {
      if (response.destroyed) return;
      response.write(`${JSON.stringify(line)}\n`);
    }
  } catch (error) {
    if (response.destroyed) return;
    response.write(`${JSON.stringify({ error: errorBody(error, onFault) })}\n`);
  }
  response.end();
}
