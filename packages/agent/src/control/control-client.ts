import { type IncomingMessage, request } from 'node:http';
import { createInterface } from 'node:readline';
import { EvioError } from '@evio/types';
import type { PingLine, PingRequest } from './routes.ts';
import type { AgentStatus, OverlayTopology, PeerListing, ReloadReport, Trace } from './types.ts';

/** Where the agent listens when its configuration does not say otherwise. */
export const DEFAULT_CONTROL_SOCKET = '/run/evio/evio.sock';

/**
 * Asks a running agent. Every method throws the agent's own `EvioError`, or `AGENT_DOWN` when none
 * answers, `AGENT_FORBIDDEN` when this user may not ask.
 */
export class ControlClient {
  readonly #socket: string;

  constructor(socket: string = DEFAULT_CONTROL_SOCKET) {
    this.#socket = socket;
  }

  status(): Promise<AgentStatus> {
    return this.#call('GET', '/v1/status');
  }

  peers(overlay?: string): Promise<PeerListing[]> {
    return this.#call('GET', `/v1/peers${query(overlay)}`);
  }

  topology(overlay?: string): Promise<OverlayTopology[]> {
    return this.#call('GET', `/v1/topology${query(overlay)}`);
  }

  trace(node: string, overlay?: string): Promise<Trace> {
    return this.#call('POST', '/v1/trace', { node, overlay });
  }

  /** Throws `DASHBOARD_OFF`, or what else keeps the agent from having one. */
  dashboard(): Promise<{ readonly url: string }> {
    return this.#call('GET', '/v1/dashboard');
  }

  reload(): Promise<ReloadReport> {
    return this.#call('POST', '/v1/reload');
  }

  forget(account: string, overlay?: string): Promise<{ account: string; overlays: string[] }> {
    return this.#call('POST', '/v1/forget', { account, overlay });
  }

  /** The peer that was found first, then one line per reply, as they come. */
  async *ping(body: PingRequest, signal?: AbortSignal): AsyncGenerator<PingLine> {
    const response = await this.#send('POST', '/v1/ping', body, signal);
    if (response.statusCode !== 200) throw failure(await readAll(response));
    for await (const text of createInterface({ input: response })) {
      const line: unknown = JSON.parse(text);
      if (isFailure(line)) throw failure(text);
      yield line as PingLine;
    }
  }

  async #call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await this.#send(method, path, body);
    const text = await readAll(response);
    if (response.statusCode !== 200) throw failure(text);
    return JSON.parse(text) as T;
  }

  #send(
    method: string,
    path: string,
    body?: unknown,
    signal?: AbortSignal,
  ): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const options = {
        socketPath: this.#socket,
        method,
        path,
        headers: { host: 'evio' },
        ...(signal && { signal }),
      };
      const asked = request(options, resolve);
      asked.once('error', (error: NodeJS.ErrnoException) => reject(this.#unreachable(error)));
      asked.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  #unreachable(error: NodeJS.ErrnoException): Error {
    const cause = { cause: error };
    if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') {
      return new EvioError('AGENT_DOWN', `no agent answers at ${this.#socket}; is it up?`, cause);
    }
    if (error.code === 'EACCES') {
      const message = `only root may ask the agent at ${this.#socket}`;
      return new EvioError('AGENT_FORBIDDEN', message, cause);
    }
    if (error.code === 'ECONNRESET') {
      return new EvioError('AGENT_DOWN', 'the agent went away while it was asked', cause);
    }
    return error;
  }
}

const query = (overlay: string | undefined) =>
  overlay === undefined ? '' : `?overlay=${encodeURIComponent(overlay)}`;

async function readAll(response: IncomingMessage): Promise<string> {
  response.setEncoding('utf8');
  let text = '';
  for await (const chunk of response) text += chunk;
  return text;
}

function isFailure(value: unknown): value is { error: { code: string; message: string } } {
  return typeof value === 'object' && value !== null && 'error' in value;
}

function failure(text: string): EvioError {
  const value: unknown = JSON.parse(text);
  if (isFailure(value)) return new EvioError(value.error.code, value.error.message);
  return new EvioError('AGENT_ANSWER_INVALID', `the agent answered "${text.slice(0, 100)}"`);
}
