import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Endpoint, EvioError, formatEndpoint } from '@evio/types';
import type { Registry } from 'prom-client';
import { createServer } from '../system/node-http.ts';

/** Prometheus keeps one connection; a few more people may look. */
const MOST_CONNECTIONS = 16;

export interface MetricsServerOptions {
  readonly listen: Endpoint;
  readonly registry: Registry;
  /** Told what went wrong within the agent. */
  readonly onFault: (error: unknown) => void;
}

/** `GET /metrics` over HTTP, and nothing else. It changes nothing and tells no secret. */
export class MetricsServer {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @throws EvioError `METRICS_LISTEN_FAILED`. */
  static async listen(options: MetricsServerOptions): Promise<MetricsServer> {
    const { address, port } = options.listen;
    const server = createServer((request, response) => void answer(options, request, response));
    server.maxConnections = MOST_CONNECTIONS;
    try {
      server.listen({ host: address, port });
      await once(server, 'listening');
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? String(error);
      throw new EvioError(
        'METRICS_LISTEN_FAILED',
        `metrics.listen: ${formatEndpoint(options.listen)} cannot be listened on (${code})`,
        { cause: error },
      );
    }
    server.unref();
    return new MetricsServer(server);
  }

  /** Where it listens: the port that was chosen when 0 was asked for. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}

async function answer(
  { registry, onFault }: MetricsServerOptions,
  { method, url }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const plain = (status: number, text: string) =>
    response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
  if (url?.split('?', 1)[0] !== '/metrics') return void plain(404, 'expected /metrics');
  if (method !== 'GET' && method !== 'HEAD') return void plain(405, 'expected GET');
  try {
    const text = await registry.metrics();
    response.writeHead(200, { 'content-type': registry.contentType }).end(text);
  } catch (error) {
    onFault(error);
    plain(500, 'the agent failed to answer; its log says why');
  }
}
