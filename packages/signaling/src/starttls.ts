import { once } from 'node:events';
import type { Socket } from 'node:net';
import { EvioError } from '@evio/types';
import xml, { type Element } from '@xmpp/xml';
import { NS_CLIENT, NS_STREAM, NS_TLS } from './namespaces.ts';
import { StanzaParser } from './stanza-parser.ts';

function refused(message: string): EvioError {
  return new EvioError('TLS_REQUIRED', `the server does not do STARTTLS: ${message}`);
}

/**
 * Asks the server for TLS on a plain connection (RFC 6120 §5). When it returns, the next byte in
 * either direction is TLS; no other word was said in clear. A server that does not offer TLS, or
 * that goes on in clear after its `<proceed/>`, is refused: that is what somebody between us and it
 * would do.
 *
 * @throws EvioError `TLS_REQUIRED`
 */
export async function startTls(socket: Socket, domain: string, signal: AbortSignal): Promise<void> {
  const header = xml('stream:stream', {
    xmlns: NS_CLIENT,
    'xmlns:stream': NS_STREAM,
    to: domain,
    version: '1.0',
  });
  socket.write(`<?xml version='1.0'?>${header.toString().slice(0, -2)}>`);
  const reader = new ClearReader(socket, signal);
  const features = await reader.element();
  if (!features.is('features', NS_STREAM)) throw refused('it sent no stream features');
  if (features.getChild('starttls', NS_TLS) === undefined) throw refused('it is not offered');
  socket.write(xml('starttls', { xmlns: NS_TLS }).toString());
  const answer = await reader.element();
  if (!answer.is('proceed', NS_TLS)) throw refused(`it answered <${answer.name}/>`);
  reader.assertNothingMore();
}

/** Reads one element at a time from a socket in clear. */
class ClearReader {
  readonly #socket: Socket;
  readonly #signal: AbortSignal;
  readonly #parser = new StanzaParser();
  readonly #elements: Element[] = [];
  #error: Error | undefined;
  #lastText = '';

  constructor(socket: Socket, signal: AbortSignal) {
    this.#socket = socket;
    this.#signal = signal;
    this.#parser.on('element', (element: Element) => this.#elements.push(element));
    this.#parser.on('error', (error: Error) => {
      this.#error = error;
    });
    this.#parser.on('end', () => {
      this.#error ??= refused('it closed the stream');
    });
  }

  async element(): Promise<Element> {
    for (;;) {
      const element = this.#elements.shift();
      if (element !== undefined) return element;
      if (this.#error !== undefined) throw this.#error;
      // `once` leaves the socket paused between reads, so that no byte of TLS gets lost here.
      const chunk: Buffer | null = this.#socket.read();
      if (chunk === null) {
        if (this.#socket.readableEnded) throw refused('it closed the connection');
        const over = new AbortController();
        await Promise.race([
          once(this.#socket, 'readable', { signal: AbortSignal.any([this.#signal, over.signal]) }),
          once(this.#socket, 'end', { signal: AbortSignal.any([this.#signal, over.signal]) }),
        ]).finally(() => over.abort());
        continue;
      }
      this.#lastText = chunk.toString('latin1');
      this.#parser.write(this.#lastText);
    }
  }

  /** What follows `<proceed/>` in clear was put there by an attacker (as in CVE-2011-0411). */
  assertNothingMore(): void {
    const clean =
      this.#elements.length === 0 &&
      this.#error === undefined &&
      this.#parser.idle &&
      this.#lastText.trimEnd().endsWith('>') &&
      this.#socket.readableLength === 0;
    if (!clean) throw refused('it went on in clear after agreeing to TLS');
  }
}
