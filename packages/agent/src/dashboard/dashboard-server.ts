import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { EvioError } from '@evio/types';
import { z } from 'zod';
import {
  type AgentControl,
  findPeer,
  readBy,
  readJson,
  sendError,
  sendJson,
} from '../control/index.ts';
import { createServer } from '../system/node-http.ts';
import { AccessToken } from './access-token.ts';
import { Feed } from './feed.ts';
import type { PageFiles } from './page-files.ts';
import { isOwnOrigin } from './same-origin.ts';
import { SECURITY_HEADERS } from './security-headers.ts';
import { type Coordinates, takeSnapshot } from './snapshot.ts';

/** Eight readers of the feed, and as much again as a few browsers open for files and traces. */
const MOST_CONNECTIONS = 64;
const MOST_BODY_BYTES = 4 * 1024;
const NodeBody = z.strictObject({ node: z.string().min(1), overlay: z.string().min(1) });

export interface DashboardOptions {
  readonly control: AgentControl;
  /** IP address and TCP port; port 0: any free one. */
  readonly listen: { readonly address: string; readonly port: number };
  /** Of nodes, for the map. */
  readonly coordinates?: Coordinates | undefined;
  readonly files: PageFiles;
  /** Told what went wrong within the agent itself, not the errors of those who ask. */
  readonly onFault: (error: unknown) => void;
}

/** Serves the page to anybody on this host, and what the agent knows to who shows the token. */
export class DashboardServer {
  readonly #options: DashboardOptions;
  readonly #token = new AccessToken();
  readonly #server: Server;
  readonly #feed: Feed;

  private constructor(options: DashboardOptions) {
    this.#options = options;
    const { control, coordinates } = options;
    this.#feed = new Feed({
      take: () => takeSnapshot(control, coordinates),
      urgent: () => JSON.stringify(control.reached()),
      onFault: options.onFault,
    });
    this.#server = createServer((request, response) => void this.#answer(request, response));
    this.#server.maxConnections = MOST_CONNECTIONS;
  }

  /** @throws EvioError `DASHBOARD_LISTEN_FAILED` when the address cannot be had. */
  static async listen(options: DashboardOptions): Promise<DashboardServer> {
    const dashboard = new DashboardServer(options);
    const { address, port } = options.listen;
    const listening = once(dashboard.#server, 'listening');
    dashboard.#server.listen({ host: address, port });
    try {
      await listening;
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? String(error);
      const message = `the dashboard cannot listen on ${address} port ${port} (${code})`;
      throw new EvioError('DASHBOARD_LISTEN_FAILED', message, { cause: error });
    }
    return dashboard;
  }

  /** With the token in the fragment, which browsers send to no server. */
  get url(): string {
    const { address, family, port } = this.#server.address() as AddressInfo;
    const host = family === 'IPv6' ? `[${address}]` : address;
    return `http://${host}:${port}/#token=${this.#token.text}`;
  }

  /** Ends open requests. */
  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
    if (!isOwnOrigin(request.headers, this.#options.listen.address)) return refuse(response, 403);
    const [path = '/'] = (request.url ?? '/').split('?', 1);
    if (!path.startsWith('/api/')) return this.#sendFile(request, response, path);
    if (!this.#token.isShownBy(request.headers.authorization)) {
      response.setHeader('www-authenticate', 'Bearer');
      return refuse(response, 401);
    }
    try {
      await this.#answerApi(`${request.method} ${path}`, request, response);
    } catch (error) {
      sendError(response, error, this.#options.onFault);
    }
  }

  async #answerApi(
    asked: string,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const { control } = this.#options;
    switch (asked) {
      case 'GET /api/snapshot':
        return sendJson(response, 200, takeSnapshot(control, this.#options.coordinates));
      case 'GET /api/events':
        return this.#sendEvents(response);
      case 'POST /api/examine': {
        const { node, overlay } = readBy(NodeBody, await readJson(request, MOST_BODY_BYTES));
        return sendJson(response, 200, control.examine(findPeer(control.status(), node, overlay)));
      }
      case 'POST /api/trace': {
        const gone = new AbortController();
        response.once('close', () => gone.abort());
        const { node, overlay } = readBy(NodeBody, await readJson(request, MOST_BODY_BYTES));
        const target = findPeer(control.status(), node, overlay);
        return sendJson(response, 200, await control.trace(target, { signal: gone.signal }));
      }
      default:
        return refuse(response, 404);
    }
  }

  #sendEvents(response: ServerResponse): void {
    if (this.#feed.full) {
      refuse(response, 503);
      return;
    }
    response.on('drain', () => this.#feed.drained(response));
    response.once('close', () => this.#feed.remove(response));
    // Goes out with the first event: what fails before that is answered as an error.
    response.setHeader('content-type', 'text/event-stream');
    this.#feed.add(response);
  }

  #sendFile(request: IncomingMessage, response: ServerResponse, path: string): void {
    const file = this.#options.files.get(path);
    const reads = request.method === 'GET' || request.method === 'HEAD';
    if (file === undefined || !reads) {
      refuse(response, file === undefined ? 404 : 405);
      return;
    }
    response.writeHead(200, {
      'content-type': file.type,
      'content-length': file.content.byteLength,
    });
    response.end(request.method === 'HEAD' ? undefined : file.content);
  }
}

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-length': 0 });
  response.end();
}
