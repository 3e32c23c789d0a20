import { once } from 'node:events';
import { chmodSync, lstatSync, mkdirSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { EvioError } from '@evio/types';
import type { CniAnswer, CniRequest } from '../plugin/cni-plugin.ts';
import { encodeAnswer, RequestReader } from './frame.ts';

export interface CniServerOptions {
  /** Path of the unix socket; the shim's default is /run/evio/cni.sock. */
  readonly socket: string;
  readonly handle: (request: CniRequest) => Promise<CniAnswer>;
}

/** Far more than runtimes have shims at once. */
const MOST_CONNECTIONS = 512;

/** Answers shims on a unix socket that only root can open; one call per connection. */
export class CniServer {
  readonly #server: Server;
  readonly #connections = new Set<Socket>();
  readonly #running = new Set<Promise<void>>();

  private constructor(options: CniServerOptions) {
    this.#server = createServer({ allowHalfOpen: true }, socket =>
      this.#serve(socket, options.handle),
    );
    this.#server.maxConnections = MOST_CONNECTIONS;
  }

  /** @throws EvioError `CNI_SOCKET_FAILED` when the socket cannot be made, or another agent has it. */
  static async listen(options: CniServerOptions): Promise<CniServer> {
    const { socket } = options;
    try {
      mkdirSync(dirname(socket), { recursive: true, mode: 0o755 });
      await removeStale(socket);
      const cni = new CniServer(options);
      const listening = once(cni.#server, 'listening');
      // Not open to others even between bind() and chmod().
      const umask = process.umask(0o177);
      try {
        cni.#server.listen({ path: socket, backlog: MOST_CONNECTIONS });
      } finally {
        process.umask(umask);
      }
      await listening;
      chmodSync(socket, 0o600);
      return cni;
    } catch (cause) {
      if (cause instanceof EvioError) throw cause;
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new EvioError('CNI_SOCKET_FAILED', `the CNI socket ${socket} cannot be made: ${why}`, {
        cause,
      });
    }
  }

  /** Finishes what has begun, then removes the socket. */
  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    await Promise.all(this.#running);
    for (const connection of this.#connections) connection.destroy();
    await closed;
  }

  #serve(socket: Socket, handle: CniServerOptions['handle']): void {
    const reader = new RequestReader();
    this.#connections.add(socket);
    socket.once('close', () => this.#connections.delete(socket));
    // A shim that is killed resets its connection; `close` follows.
    socket.on('error', () => undefined);
    // A shim that died in the midst of its request gets nothing.
    socket.once('end', () => socket.end());
    socket.on('data', piece => {
      const request = reader.take(piece);
      if (request === undefined) return;
      if (request === 'invalid') return void socket.destroy();
      const run = answer(socket, request, handle);
      this.#running.add(run);
      run.finally(() => this.#running.delete(run));
    });
  }
}

/** An ADD that nobody waits for any more is undone: the runtime believes that it failed. */
async function answer(
  socket: Socket,
  request: CniRequest,
  handle: CniServerOptions['handle'],
): Promise<void> {
  socket.removeAllListeners('end');
  let gone = false;
  socket.once('end', () => {
    gone = true;
  });
  const result = await handle(request);
  if (!gone && !socket.destroyed) return void socket.end(encodeAnswer(result));
  socket.destroy();
  if (request.environment.get('CNI_COMMAND') !== 'ADD' || result.status !== 0) return;
  await handle({
    ...request,
    environment: new Map([...request.environment, ['CNI_COMMAND', 'DEL']]),
  });
}

async function removeStale(socket: string): Promise<void> {
  const found = lstatSync(socket, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket() || (await answers(socket))) {
    throw new EvioError('CNI_SOCKET_FAILED', `${socket} is in use, or is no socket`);
  }
  unlinkSync(socket);
}

function answers(socket: string): Promise<boolean> {
  return new Promise(resolve => {
    const connection = connect({ path: socket });
    connection.once('connect', () => {
      connection.destroy();
      resolve(true);
    });
    connection.once('error', () => resolve(false));
  });
}
