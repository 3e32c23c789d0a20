import { EventEmitter } from 'node:events';
import { EvioError } from '@evio/types';
import { type Attributes, Element } from '@xmpp/xml';
import { SaxesParser, type SaxesTagNS } from 'saxes';
import {
  MAX_DEPTH,
  MAX_ELEMENTS,
  MAX_SKIPPED_CHARS,
  MAX_STANZA_CHARS,
  MAX_START_TAG_CHARS,
} from './limits.ts';

/** What is read between two checks of the limits, in characters. */
const STEP_CHARS = 4096;

/** What is known of a child of the stream when its start tag has been read. */
export interface Opening {
  readonly name: string;
  readonly attrs: Readonly<Attributes>;
}

export interface StanzaParserOptions {
  /** Largest size in characters of the element that begins so. */
  readonly limitFor?: (opening: Opening) => number;
  /** An element was skipped because it exceeded a limit. */
  readonly onSkipped?: () => void;
}

/**
 * Reads one XML stream (RFC 6120 §4) and takes the place of the parser of xmpp.js, which keeps text
 * of any size, throws on an unknown entity, and accepts tags that do not match.
 *
 *   1. The stream's root is told as `start`, each of its children as `element` when complete, its
 *      end as `end`. Prefixes are resolved: an element has its local name and its `xmlns`.
 *   2. An element that exceeds a limit is read to its end without keeping it, and told as an
 *      `element` without content, an answer as an error. It must not end the stream: after a
 *      resumption the server would send it again, and again.
 *   3. Anything that is not XML as RFC 6120 §11 restricts it is told as `error`, once; after that
 *      the parser reads nothing more.
 */
export class StanzaParser extends EventEmitter {
  readonly #limitFor: (opening: Opening) => number;
  readonly #onSkipped: () => void;
  readonly #sax = new SaxesParser({ xmlns: true, position: false });
  #dead = false;
  #depth = 0;
  /** Start of the stream's child that is being read. */
  #opening: Opening | undefined;
  /** Where in its tree we are; undefined when it is being skipped. */
  #cursor: Element | undefined;
  #chars = 0;
  #elements = 0;
  #limit = MAX_STANZA_CHARS;

  constructor({ limitFor, onSkipped }: StanzaParserOptions = {}) {
    super();
    this.#limitFor = limitFor ?? (() => MAX_STANZA_CHARS);
    this.#onSkipped = onSkipped ?? (() => undefined);
    const restricted = (what: string) => () => this.#fail(`${what} is not allowed in a stream`);
    this.#sax.on('opentag', tag => this.#open(tag));
    this.#sax.on('closetag', () => this.#close());
    this.#sax.on('text', text => this.#text(text));
    this.#sax.on('cdata', text => this.#text(text));
    this.#sax.on('comment', restricted('a comment'));
    this.#sax.on('doctype', restricted('a document type'));
    this.#sax.on('processinginstruction', restricted('a processing instruction'));
    this.#sax.on('error', error => this.#fail(error.message));
  }

  /** Whether the stream is between two of its children. */
  get idle(): boolean {
    return this.#depth === 1;
  }

  /** Reads the next characters. */
  write(text: string): void {
    // Small steps: the limits are checked between them.
    for (let at = 0; at < text.length && !this.#dead; at += STEP_CHARS) {
      const piece = text.slice(at, at + STEP_CHARS);
      this.#chars += piece.length;
      this.#sax.write(piece);
      if (this.#depth < 2) {
        // White space between stanzas keeps a connection alive, for months perhaps.
        if (/^\s*$/.test(piece)) this.#chars = 0;
        else if (this.#chars > MAX_START_TAG_CHARS) this.#fail('a start tag does not end');
      } else if (this.#chars > MAX_SKIPPED_CHARS) {
        this.#fail('an element does not end');
      } else if (this.#chars > this.#limit + STEP_CHARS) {
        // A step may begin with the end of the element before; hence the tolerance.
        this.#cursor = undefined;
      }
    }
  }

  /** The face that xmpp.js expects; a stream's end needs nothing. */
  end(): void {
    this.#dead = true;
  }

  #fail(message: string): void {
    if (this.#dead) return;
    this.#dead = true;
    this.emit('error', new EvioError('XMPP_PROTOCOL', `the server sent bad XML: ${message}`));
  }

  #open(tag: SaxesTagNS): void {
    if (this.#dead) return;
    this.#depth += 1;
    const attrs: Attributes = {};
    for (const { name, prefix, value } of Object.values(tag.attributes)) {
      if (prefix !== 'xmlns' && name !== 'xmlns' && !Object.hasOwn(Object.prototype, name)) {
        attrs[name] = value;
      }
    }
    attrs.xmlns = tag.uri;
    const element = new Element(tag.local, attrs);
    if (this.#depth === 1) {
      this.#chars = 0;
      this.emit('start', element);
      return;
    }
    if (this.#depth === 2) {
      this.#opening = { name: tag.local, attrs };
      this.#elements = 0;
      this.#limit = this.#limitFor(this.#opening);
      this.#cursor = this.#chars > this.#limit + STEP_CHARS ? undefined : element;
      return;
    }
    this.#elements += 1;
    const crowded = this.#limit <= MAX_STANZA_CHARS && this.#elements > MAX_ELEMENTS;
    if (this.#depth > MAX_DEPTH || crowded) this.#cursor = undefined;
    if (this.#cursor === undefined) return;
    this.#cursor.append(element);
    this.#cursor = element;
  }

  #text(text: string): void {
    if (this.#dead) return;
    if (this.#depth >= 2) this.#cursor?.t(text);
    else if (this.#depth === 1 && text.trim() !== '') this.#fail('text between stanzas');
  }

  #close(): void {
    if (this.#dead) return;
    this.#depth -= 1;
    const opening = this.#opening;
    const cursor = this.#cursor;
    if (this.#depth === 0) {
      this.#dead = true;
      this.emit('end');
    } else if (this.#depth > 1) {
      this.#cursor = cursor?.parent ?? undefined;
    } else if (opening !== undefined) {
      this.#opening = undefined;
      this.#cursor = undefined;
      this.#chars = 0;
      if (cursor === undefined) this.#onSkipped();
      this.emit('element', cursor ?? hollow(opening));
    }
  }
}

/** What is left of an element that was skipped. */
function hollow({ name, attrs }: Opening): Element {
  return new Element(name, attrs.type === 'result' ? { ...attrs, type: 'error' } : { ...attrs });
}
