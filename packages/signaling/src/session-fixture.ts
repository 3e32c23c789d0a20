import type { EvioError } from '@evio/types';
import type { Element } from '@xmpp/xml';
import { freshCounters } from './counters.ts';
import { PeerDirectory, type PeerEvent } from './directory.ts';
import type { RawIceServer } from './external-services.ts';
import { parseJid } from './jid.ts';
import type { LinkMessage } from './link-message.ts';
import { TIMES } from './options.ts';
import { Outbox } from './outbox.ts';
import { type Members, Membership } from './roster.ts';
import { Session } from './session.ts';
import { StanzaParser } from './stanza-parser.ts';
import { StreamManagement } from './stream-management.ts';

export const SELF = parseJid('me@x/node');
const HEADER =
  "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";

/**
 * A session in virtual time, with the test in the place of the server: `say` is what the server
 * writes, `take` what the session has written since.
 */
export class SessionFixture {
  now = 0;
  /** Why the connection ended. */
  closed: EvioError | undefined;
  readonly peers: PeerEvent[] = [];
  members: Members | undefined;
  readonly messages: { from: string; message: LinkMessage }[] = [];
  servers: readonly RawIceServer[] = [];
  readonly counters = freshCounters();
  readonly management = new StreamManagement();
  readonly outbox = new Outbox(TIMES);
  readonly directory = new PeerDirectory(TIMES);
  readonly membership = new Membership(SELF.bare, 'edge');
  readonly session: Session;
  #written: Element[] = [];
  #fromServer = new StanzaParser();
  #tokens = 0;

  constructor() {
    this.session = new Session(SELF, {
      account: parseJid(SELF.bare),
      membership: this.membership,
      directory: this.directory,
      management: this.management,
      outbox: this.outbox,
      counters: this.counters,
      keepalive: TIMES,
      now: () => this.now,
      wallNow: () => this.now,
      token: () => {
        this.#tokens += 1;
        return `t${this.#tokens}`;
      },
      events: {
        peer: event => this.peers.push(event),
        members: members => {
          this.members = members;
        },
        message: event => this.messages.push(event),
        iceServers: servers => {
          this.servers = servers;
        },
      },
    });
  }

  /** A stream of a new connection; its parser begins anew. */
  stream() {
    this.closed = undefined;
    this.#fromServer = new StanzaParser({
      limitFor: opening => this.session.limitFor(opening),
      onSkipped: () => {
        this.counters.oversized += 1;
      },
    });
    this.#fromServer.on('element', (element: Element) => this.session.receive(element));
    this.#fromServer.on('error', (error: EvioError) => {
      this.closed ??= error;
    });
    this.#fromServer.write(HEADER);
    const written = new StanzaParser();
    written.on('element', (element: Element) => this.#written.push(element));
    written.write(HEADER);
    return {
      write: (text: string) => written.write(text),
      destroy: (error: EvioError) => {
        this.closed ??= error;
        this.session.suspend(error);
      },
    };
  }

  /** Logs in with stream management and a roster of these members. */
  async online(...members: string[]): Promise<void> {
    this.management.enable();
    this.management.enabled('previous');
    const begun = this.session.begin(this.stream(), SELF);
    const [query] = this.take();
    const items = members.map(
      jid => `<item jid='${jid}' subscription='both'><group>edge</group></item>`,
    );
    this.say(
      `<iq type='result' id='${query?.attrs.id}'><query xmlns='jabber:iq:roster'>${items.join('')}</query></iq>`,
    );
    await begun;
  }

  get open(): boolean {
    return this.closed === undefined;
  }

  say(text: string): void {
    this.session.heard();
    this.#fromServer.write(text);
  }

  take(): Element[] {
    const written = this.#written;
    this.#written = [];
    return written;
  }

  /** Lets time pass, and wakes the session when it asks for that. */
  pass(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const due = this.session.nextTimeout();
      if (due === undefined || due > end) break;
      this.now = Math.max(this.now, due);
      this.session.tick();
    }
    this.now = end;
  }
}
