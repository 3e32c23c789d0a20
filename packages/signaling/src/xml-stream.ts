import { EventEmitter } from 'node:events';
import type { TLSSocket } from 'node:tls';
import { EvioError } from '@evio/types';
import { client, type Entity } from '@xmpp/client';
import type { Element } from '@xmpp/xml';
import { NS_STREAM, NS_STREAM_ERRORS } from './namespaces.ts';
import { StanzaParser, type StanzaParserOptions } from './stanza-parser.ts';
import { connectionError } from './tls-identity.ts';

/** How long a server gets to close its side of the stream, in milliseconds. */
const CLOSE_MS = 1000;
/** Elements that may wait to be read: before the server has shown who it is, and after. */
const INBOX = { stranger: 64, server: 5000 } as const;

export interface XmlStreamOptions extends StanzaParserOptions {
  readonly domain: string;
  /** Connected and verified; the stream owns it from here. */
  readonly socket: TLSSocket;
  /** For each answer of the server while the stream is negotiated, in milliseconds. */
  readonly stepMs: number;
  /** Any bytes came. */
  readonly onBytes: () => void;
  /** The stream is over: once, and for `error`'s reason. */
  readonly onClosed: (error: EvioError) => void;
}

/**
 * One XML stream over TLS (RFC 6120 §4) on xmpp.js, which frames it. Replaced, each at the place
 * where xmpp.js lets one plug in, are:
 *
 *   - the socket: ours is connected and verified before xmpp.js sees it;
 *   - the parser: see {@link StanzaParser};
 *   - what reacts to elements: the caller, in place of its middleware, so that a login is a
 *     sequence of awaited steps with a time limit each;
 *   - reconnecting: a stream lives once; the next connection is a new one.
 */
export class XmlStream {
  readonly #entity: Entity;
  readonly #domain: string;
  readonly #service: string;
  readonly #socket: TLSSocket;
  readonly #stepMs: number;
  readonly #onClosed: (error: EvioError) => void;
  readonly #inbox: Element[] = [];
  #inboxLimit: number = INBOX.stranger;
  #waiting: ((element: Element | EvioError) => void) | undefined;
  #handler: ((element: Element) => void) | undefined;
  #closed: EvioError | undefined;
  readonly #ended = Promise.withResolvers<void>();

  constructor(options: XmlStreamOptions) {
    const { domain, socket, stepMs } = options;
    this.#socket = socket;
    this.#stepMs = stepMs;
    this.#onClosed = options.onClosed;
    const service = `xmpps://${domain}`;
    const entity = client({ service, domain, timeout: stepMs, credentials: async () => undefined });
    entity.reconnect.stop();
    const Base = entity.transports.find(transport => {
      return transport.prototype.socketParameters(service) !== undefined;
    });
    if (Base === undefined) throw new Error('xmpp.js has no transport for TLS');
    class Transport extends Base {
      override socketParameters(): object {
        return {};
      }
    }
    const bytes = (chunk: Uint8Array) => {
      options.onBytes();
      return chunk;
    };
    Transport.prototype.Socket = connectedSocket(socket, bytes);
    Transport.prototype.Parser = parserWith(options);
    entity.transports = [Transport];
    entity._onElement = element => this.#element(element);
    entity.on('error', (error: unknown) => this.destroy(streamFailure(error)));
    entity.on('close', () =>
      this.destroy(streamFailure(new Error('the server closed the stream'))),
    );
    socket.on('error', error => this.destroy(streamFailure(error)));
    socket.on('close', () => this.destroy(streamFailure(new Error('the connection was cut'))));
    this.#entity = entity;
    this.#domain = domain;
    this.#service = service;
  }

  /** Our address on the network that the stream uses. */
  get localAddress(): string | undefined {
    return this.#socket.localAddress;
  }

  /** Opens the stream; returns the server's features (RFC 6120 §4.3.2). */
  async open(): Promise<Element> {
    await this.#guard(async () => {
      await this.#entity.connect(this.#service);
      await this.#entity.open({ domain: this.#domain });
    });
    return this.#features();
  }

  /** Opens the stream anew after a login (RFC 6120 §4.3.3); returns the new features. */
  async restart(): Promise<Element> {
    // With the answer to a resumption come all stanzas that were missed.
    this.#inboxLimit = INBOX.server;
    await this.#guard(() => this.#entity.restart());
    return this.#features();
  }

  async #features(): Promise<Element> {
    const features = await this.next();
    if (features.is('features', NS_STREAM)) return features;
    throw new EvioError('XMPP_PROTOCOL', `expected stream features, got <${features.name}/>`);
  }

  /** Sends an element and returns the next one that comes, while the stream is negotiated. */
  async exchange(element: Element): Promise<Element> {
    this.write(element.toString());
    return this.next();
  }

  /**
   * The next element, while the stream is negotiated.
   *
   * @throws EvioError `XMPP_TIMEOUT` after the time for a step, or why the stream ended
   */
  next(): Promise<Element> {
    const element = this.#inbox.shift();
    if (element !== undefined) return Promise.resolve(element);
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting = undefined;
        reject(new EvioError('XMPP_TIMEOUT', `the server was silent for ${this.#stepMs / 1000} s`));
      }, this.#stepMs);
      this.#waiting = answer => {
        clearTimeout(timer);
        this.#waiting = undefined;
        if (answer instanceof EvioError) reject(answer);
        else resolve(answer);
      };
    });
  }

  /** The stream is negotiated: from here on elements go to `handler`, those in wait first. */
  deliver(handler: (element: Element) => void): void {
    this.#handler = handler;
    for (let next = this.#inbox.shift(); next !== undefined; next = this.#inbox.shift()) {
      handler(next);
    }
  }

  /** Writes text at once. What cannot be written shows as the end of the stream. */
  write(text: string): void {
    if (this.#closed !== undefined) return;
    this.#entity.write(text).catch((error: unknown) => this.destroy(streamFailure(error)));
  }

  /** Closes the stream politely (RFC 6120 §4.4), so that the server ends the session at once. */
  async close(): Promise<void> {
    if (this.#closed !== undefined) return;
    this.write('</stream:stream>');
    const timer = setTimeout(() => this.destroy(closed()), CLOSE_MS);
    await this.#ended.promise;
    clearTimeout(timer);
  }

  /** Ends the connection now; a server keeps the session for its resumption. */
  destroy(error: EvioError): void {
    if (this.#closed !== undefined) return;
    this.#closed = error;
    this.#socket.destroy();
    this.#waiting?.(error);
    this.#ended.resolve();
    this.#onClosed(error);
  }

  async #guard(step: () => Promise<unknown>): Promise<void> {
    try {
      await step();
    } catch (error) {
      throw this.#closed ?? streamFailure(error);
    }
    if (this.#closed !== undefined) throw this.#closed;
  }

  #element(element: Element): void {
    if (this.#closed !== undefined) return;
    if (element.is('error', NS_STREAM)) this.destroy(streamError(element));
    else if (this.#handler !== undefined) this.#handler(element);
    else if (this.#waiting !== undefined) this.#waiting(element);
    else if (this.#inbox.push(element) > this.#inboxLimit) {
      this.destroy(new EvioError('XMPP_PROTOCOL', 'the server does not wait for answers'));
    }
  }
}

/** The face of a socket that xmpp.js expects, over one that is connected already. */
function connectedSocket(socket: TLSSocket, onChunk: (chunk: Uint8Array) => Uint8Array) {
  return class extends EventEmitter {
    readonly secure = true;

    connect(): void {
      // A sequence of UTF-8 may be split between two chunks; anything that is not UTF-8 is an error
      // (RFC 6120 §11.6).
      const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
      socket.on('data', (chunk: Buffer) => {
        try {
          this.emit('data', decoder.decode(onChunk(chunk), { stream: true }));
        } catch (error) {
          this.emit('error', error);
        }
      });
      socket.on('error', error => this.emit('error', error));
      socket.on('close', () => this.emit('close'));
      process.nextTick(() => this.emit('connect'));
    }

    write(text: string, done: (error?: Error | null) => void): void {
      socket.write(text, done);
    }

    end(): void {
      socket.end();
    }
  };
}

function closed(): EvioError {
  return new EvioError('SIGNALING_STOPPED', 'the stream was closed');
}

function parserWith(options: StanzaParserOptions) {
  return class extends StanzaParser {
    constructor() {
      super(options);
    }
  };
}

function streamFailure(error: unknown): EvioError {
  if (error instanceof EvioError) return error;
  const { name, message, code } = error as NodeJS.ErrnoException;
  if (name === 'TimeoutError') {
    return new EvioError('XMPP_TIMEOUT', 'the server did not open the stream in time');
  }
  if (typeof code === 'string' && !code.startsWith('ERR_ENCODING')) {
    return connectionError(error, 'the XMPP server');
  }
  return new EvioError('XMPP_STREAM', `the XMPP stream ended: ${message}`, { cause: error });
}

/** RFC 6120 §4.9: a stream error is the server's last word. */
function streamError(element: Element): EvioError {
  const conditions = element.getChildElements();
  const condition =
    conditions.find(child => child.getNS() === NS_STREAM_ERRORS && child.name !== 'text')?.name ??
    'undefined-condition';
  const text = element.getChild('text', NS_STREAM_ERRORS)?.getText().slice(0, 200);
  if (condition === 'conflict') {
    return new EvioError(
      'RESOURCE_CONFLICT',
      'another node logged in with our account and resource; each node needs its own',
    );
  }
  return new EvioError(
    'XMPP_STREAM',
    `the server ended the stream: ${condition}${text ? ` (${text})` : ''}`,
  );
}
