import type { IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { EvioError } from '@evio/types';
import { request } from '../system/node-http.ts';
import type { Answer, OperationName, Question } from './exchange.ts';
import type { PingLine } from './types.ts';

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

  /** @param signal for who does not wait for ever. */
  status(signal?: AbortSignal): Promise<Answer<'GET /v1/status'>> {
    return this.#ask('GET /v1/status', {}, signal);
  }

  peers(overlay?: string): Promise<Answer<'GET /v1/peers'>> {
    return this.#ask('GET /v1/peers', { query: inOverlay(overlay) });
  }

  topology(overlay?: string): Promise<Answer<'GET /v1/topology'>> {
    return this.#ask('GET /v1/topology', { query: inOverlay(overlay) });
  }

  trace(node: string, overlay?: string): Promise<Answer<'POST /v1/trace'>> {
    return this.#ask('POST /v1/trace', { body: { node, ...inOverlay(overlay) } });
  }

  /** Throws `DASHBOARD_OFF`, or what else keeps the agent from having one. */
  dashboard(): Promise<Answer<'GET /v1/dashboard'>> {
    return this.#ask('GET /v1/dashboard', {});
  }

  reload(): Promise<Answer<'POST /v1/reload'>> {
    return this.#ask('POST /v1/reload', {});
  }

  forget(account: string, overlay?: string): Promise<Answer<'POST /v1/forget'>> {
    return this.#ask('POST /v1/forget', { body: { account, ...inOverlay(overlay) } });
  }

  /** The API's description, OpenAPI 3.1. */
  openApi(): Promise<Answer<'GET /v1/openapi.json'>> {
    return this.#ask('GET /v1/openapi.json', {});
  }

  /** The peer that was found first, then one line per reply, as they come. */
  async *ping(
    body: Question<'POST /v1/ping'>['body'],
    signal?: AbortSignal,
  ): AsyncGenerator<PingLine> {
    const response = await this.#send('POST /v1/ping', { body }, signal);
    if (response.statusCode !== 200) throw failure(await readAll(response));
    for await (const text of createInterface({ input: response })) {
      const line: unknown = JSON.parse(text);
      if (isFailure(line)) throw failure(text);
      yield line as PingLine;
    }
  }

  async #ask<Name extends OperationName>(
    name: Name,
    question: Partial<Question<Name>>,
    signal?: AbortSignal,
  ): Promise<Answer<Name>> {
    const response = await this.#send(name, question, signal);
    const text = await readAll(response);
    if (response.statusCode !== 200) throw failure(text);
    return JSON.parse(text) as Answer<Name>;
  }

  #send<Name extends OperationName>(
    name: Name,
    { query, body }: Partial<Question<Name>>,
    signal?: AbortSignal,
  ): Promise<IncomingMessage> {
    const [method = '', route = ''] = name.split(' ');
    const parameters = new URLSearchParams(query).toString();
    const path = parameters === '' ? route : `${route}?${parameters}`;
    return new Promise((resolve, reject) => {
      const options = {
        socketPath: this.#socket,
        method,
        path,
        headers: { host: 'evio' },
        // A kept connection may be closed by the server just as it is used again.
        agent: false,
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
      const message = `only root and the group evio may ask the agent at ${this.#socket}`;
      return new EvioError('AGENT_FORBIDDEN', message, cause);
    }
    if (error.code === 'ECONNRESET') {
      return new EvioError('AGENT_DOWN', 'the agent went away while it was asked', cause);
    }
    return error;
  }
}

const inOverlay = (overlay: string | undefined) => (overlay === undefined ? {} : { overlay });

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
