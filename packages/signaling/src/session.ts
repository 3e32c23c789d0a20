import { EvioError } from '@evio/types';
import xml, { type Element } from '@xmpp/xml';
import type { SignalingCounters } from './counters.ts';
import type { PeerDirectory, PeerEvent } from './directory.ts';
import {
  applyPush,
  credentialsQuery,
  mergeServers,
  type RawIceServer,
  REFRESH,
  refreshDelay,
  serversFrom,
  servicesQuery,
  withoutCredentials,
} from './external-services.ts';
import { type Inbound, type ReplyTo, readInbound } from './inbound.ts';
import { stanzaError } from './iq.ts';
import { type Jid, parseJid } from './jid.ts';
import { Keepalive, type KeepaliveTimes } from './keepalive.ts';
import { MAX_ANSWER_CHARS, MAX_STANZA_CHARS } from './limits.ts';
import type { LinkMessage } from './link-message.ts';
import {
  NS_CLIENT,
  NS_EXTDISCO,
  NS_PING,
  NS_ROSTER,
  NS_SM,
  NS_STANZA_ERRORS,
} from './namespaces.ts';
import type { Outbox } from './outbox.ts';
import { presenceWith } from './presence.ts';
import { type Membership, rosterQuery } from './roster.ts';
import type { Opening } from './stanza-parser.ts';
import { readCounter, type StreamManagement } from './stream-management.ts';

/** Stanzas on the way that the server has not acknowledged; more wait in the outbox. */
const MAX_UNACKNOWLEDGED = 256;
/**
 * How long after a stanza the server is asked to acknowledge it, in milliseconds. At once would
 * cost: a server that uses Nagle's algorithm then holds the answer back for 40 ms, until our kernel
 * has acknowledged the segment with the acknowledgement. The question also shows soon whether the
 * connection lives.
 */
const ACK_DELAY_MS = 250;

/** What a session tells its owner. */
export interface SessionEvents {
  readonly peer: (event: PeerEvent) => void;
  readonly message: (event: { readonly from: string; readonly message: LinkMessage }) => void;
  readonly iceServers: (servers: readonly RawIceServer[]) => void;
}

export interface SessionOptions {
  readonly account: Jid;
  readonly membership: Membership;
  readonly directory: PeerDirectory;
  readonly management: StreamManagement;
  readonly outbox: Outbox;
  readonly counters: SignalingCounters;
  readonly events: SessionEvents;
  readonly keepalive: KeepaliveTimes;
  readonly now: () => number;
  readonly wallNow: () => number;
  /** Unpredictable text for the ids of our requests. */
  readonly token: () => string;
}

/** What a session needs of its connection. */
export interface SessionStream {
  write(text: string): void;
  /** The connection is of no use any more. */
  destroy(error: EvioError): void;
}

/**
 * What goes on in an XMPP session, over connections that come and go. It does no I/O: elements come
 * in by {@link receive}, text goes out by `stream.write`, and {@link tick} moves time on.
 */
export class Session {
  readonly #o: SessionOptions;
  #stream: SessionStream | undefined;
  #keepalive: Keepalive | undefined;
  #self: Jid;
  #ready = false;
  #rosterKnown = false;
  #rosterRequest: string | undefined;
  #record: Uint8Array | undefined;
  #servers: readonly RawIceServer[] = [];
  #servicesDue: number | undefined;
  /** A request for an acknowledgement, to be written at `due` or on the way. */
  #acknowledgement: { readonly due: number; asked: boolean } | undefined;

  /** @param self our full JID as we ask for it */
  constructor(self: Jid, options: SessionOptions) {
    this.#self = self;
    this.#o = options;
  }

  /** Our full JID; the last one until the server says another. */
  get self(): Jid {
    return this.#self;
  }

  /** Largest size of the element that begins so. Only the roster that we asked for may be large. */
  limitFor({ name, attrs }: Opening): number {
    const roster = name === 'iq' && attrs.id === this.#rosterRequest && attrs.id !== undefined;
    return roster ? MAX_ANSWER_CHARS : MAX_STANZA_CHARS;
  }

  /** The session goes on over a new connection (XEP-0198 §5). */
  resumed(stream: SessionStream, again: readonly { readonly text: string }[]): void {
    const now = this.#attach(stream);
    for (const { text } of again) stream.write(text);
    this.#o.outbox.resumed(now);
    this.#o.directory.resumed(now);
    this.#requestAck();
    this.#becomeReady();
  }

  /**
   * A new session: asks for the group, then tells our presence, which makes the server tell that of
   * the others (RFC 6121 §2.2, §4.2).
   *
   * @throws EvioError when the server does not give us the roster
   */
  async begin(stream: SessionStream, self: Jid): Promise<void> {
    this.#attach(stream);
    this.#self = self;
    this.#rosterKnown = false;
    const { membership, directory } = this.#o;
    const answer = await this.#query('get', rosterQuery(), id => {
      this.#rosterRequest = id;
    });
    this.#rosterRequest = undefined;
    if (this.#stream !== stream) throw new EvioError('XMPP_STREAM', 'the connection was cut');
    membership.replace(answer.getChild('query', NS_ROSTER));
    this.#rosterKnown = true;
    this.#tell(directory.retain(account => membership.has(account)));
    directory.reconcile(this.#o.now());
    this.#write(presenceWith(this.#record).toString());
    this.#servicesDue = this.#o.now();
    this.#becomeReady();
  }

  /** The connection is gone. */
  suspend(error: EvioError): void {
    this.#stream = undefined;
    this.#keepalive = undefined;
    this.#ready = false;
    this.#acknowledgement = undefined;
    this.#rosterRequest = undefined;
    this.#o.management.suspend();
    this.#o.directory.suspend();
    this.#o.outbox.suspended(this.#o.now(), error);
  }

  /** Bytes came over the connection. */
  heard(): void {
    this.#keepalive?.heard(this.#o.now());
  }

  /**
   * Whether the connection is alive is to be known within `answerMs`.
   *
   * @returns when the server has answered; never rejects
   */
  async verify(answerMs: number): Promise<boolean> {
    const answer = this.#ping();
    this.#keepalive?.asked(this.#o.now(), answerMs);
    return answer;
  }

  announce(record: Uint8Array): void {
    const presence = presenceWith(record).toString();
    this.#record = record;
    if (this.#ready) this.#write(presence);
  }

  /** Takes back our presence, for a farewell. */
  leave(): void {
    if (this.#ready) this.#write(xml('presence', { type: 'unavailable' }).toString());
  }

  /** Queues a request for a peer. */
  request(to: string, build: (to: string) => Element): Promise<Element> {
    const peer = parseJid(to);
    if (peer.resource === '') {
      throw new EvioError('JID_INVALID', `expected the full JID of a node, got "${to}"`);
    }
    if (this.#rosterKnown && !this.#o.membership.has(peer.bare)) {
      throw new EvioError('NOT_A_MEMBER', `${peer.bare} is not a member of the overlay`);
    }
    const id = this.#o.token();
    const text = xml('iq', { type: 'set', to: peer.full, id }, build(peer.full)).toString();
    return new Promise((resolve, reject) => {
      const request = { id, to: peer.full, text, resolve, reject };
      if (!this.#o.outbox.enqueue(this.#o.now(), request)) this.#o.counters.queueFull += 1;
      this.#flush();
    });
  }

  /** Time went on. */
  tick(): void {
    const now = this.#o.now();
    const { counters, directory, outbox } = this.#o;
    const state = this.#keepalive?.poll(now);
    if (state === 'dead') {
      this.#stream?.destroy(new EvioError('XMPP_TIMEOUT', 'the server does not answer any more'));
    } else if (state === 'ask') {
      void this.#ping();
    }
    const acknowledgement = this.#acknowledgement;
    if (acknowledgement?.asked === false && now >= acknowledgement.due) {
      acknowledgement.asked = true;
      this.#stream?.write(xml('r', { xmlns: NS_SM }).toString());
      this.#keepalive?.asked(now);
    }
    counters.expired += outbox.expire(now);
    this.#tell(directory.poll(now));
    this.#flush();
    if (this.#ready && this.#servicesDue !== undefined && now >= this.#servicesDue) {
      this.#servicesDue = undefined;
      void this.#fetchServices();
    }
  }

  /** When {@link tick} is due. */
  nextTimeout(): number | undefined {
    const { directory, outbox } = this.#o;
    const times = [
      this.#keepalive?.nextTimeout(),
      directory.nextTimeout(),
      outbox.nextTimeout(),
      this.#ready ? this.#servicesDue : undefined,
      this.#acknowledgement?.asked === false ? this.#acknowledgement.due : undefined,
    ].filter(time => time !== undefined);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** An element came on the stream. */
  receive(element: Element): void {
    const { management, counters } = this.#o;
    if (element.getNS() === NS_SM) {
      this.#receiveManagement(element);
      return;
    }
    counters.received += 1;
    const isStanza = element.getNS() === NS_CLIENT && /^(iq|message|presence)$/.test(element.name);
    if (isStanza) management.handled();
    const { membership } = this.#o;
    this.#act(
      element,
      readInbound(element, { self: this.#self, isMember: account => membership.has(account) }),
    );
  }

  #attach(stream: SessionStream): number {
    const now = this.#o.now();
    this.#stream = stream;
    this.#keepalive = new Keepalive(now, this.#o.keepalive);
    return now;
  }

  #becomeReady(): void {
    this.#ready = true;
    this.#flush();
  }

  #receiveManagement(element: Element): void {
    const { management } = this.#o;
    if (element.is('r', NS_SM)) {
      this.#stream?.write(xml('a', { xmlns: NS_SM, h: String(management.inbound) }).toString());
    } else if (element.is('a', NS_SM)) {
      this.#acknowledgement = undefined;
      try {
        management.acknowledged(readCounter(element.attrs.h) ?? Number.NaN);
      } catch (error) {
        if (!(error instanceof EvioError)) throw error;
        // Counters that do not agree never will; begin a fresh session.
        management.failed(undefined);
        this.#stream?.destroy(error);
        return;
      }
      if (management.unacknowledged > 0) this.#requestAck();
      this.#flush();
    }
  }

  #act(element: Element, inbound: Inbound): void {
    const { counters, directory, membership, outbox, events } = this.#o;
    switch (inbound.kind) {
      case 'reply': {
        const request = outbox.answered(inbound.id, inbound.from);
        if (request === undefined) counters.strayAnswers += 1;
        else if (inbound.ok) request.resolve(element);
        else request.reject(stanzaError(element, request.to ?? 'the XMPP server'));
        return;
      }
      case 'message':
        this.#answer(inbound.reply);
        events.message({ from: inbound.from, message: inbound.message });
        return;
      case 'available': {
        const { jid, account, record } = inbound;
        this.#tell(directory.available(this.#o.now(), jid, account, record));
        this.#flush();
        return;
      }
      case 'unavailable':
        directory.unavailable(this.#o.now(), inbound.jid);
        return;
      case 'roster':
        membership.apply(inbound.query);
        this.#answer(inbound.reply);
        this.#tell(directory.retain(account => membership.has(account)));
        return;
      case 'services':
        this.#answer(inbound.reply);
        this.#setServers(applyPush(this.#servers, inbound.services));
        return;
      case 'ping':
        this.#answer(inbound.reply);
        return;
      case 'refuse': {
        counters[inbound.reason === 'malformed' ? 'malformed' : 'unsupported'] += 1;
        const type = inbound.condition === 'bad-request' ? 'modify' : 'cancel';
        const condition = xml(inbound.condition, { xmlns: NS_STANZA_ERRORS });
        this.#answer(inbound.reply, xml('error', { type }, condition));
        return;
      }
      case 'ignored':
        if (inbound.reason !== 'own') counters[inbound.reason] += 1;
        return;
      default:
        inbound satisfies never;
    }
  }

  #answer({ to, id }: ReplyTo, error?: Element): void {
    const type = error === undefined ? 'result' : 'error';
    this.#write(xml('iq', { type, to, id }, error).toString());
  }

  #tell(changes: readonly PeerEvent[]): void {
    for (const change of changes) this.#o.events.peer(change);
  }

  #write(text: string, request?: string): void {
    if (this.#stream === undefined) return;
    this.#o.management.sent(request === undefined ? { text } : { text, request });
    this.#stream.write(text);
    this.#requestAck();
  }

  #requestAck(): void {
    if (!this.#o.management.active || this.#acknowledgement !== undefined) return;
    this.#acknowledgement = { due: this.#o.now() + ACK_DELAY_MS, asked: false };
  }

  #flush(): void {
    const { directory, management, outbox, counters } = this.#o;
    while (this.#ready && management.unacknowledged < MAX_UNACKNOWLEDGED) {
      // After a restart of the server others may return later than we do; they would miss it.
      const request = outbox.next(this.#o.now(), to => !directory.inDoubt(to));
      if (request === undefined) return;
      counters.sent += 1;
      this.#write(request.text, request.id);
    }
  }

  /** Asks our own server, past the queue. */
  #query(type: 'get', child: Element, beforeSend?: (id: string) => void, to?: string) {
    const id = this.#o.token();
    const text = xml('iq', { type, id, to }, child).toString();
    return new Promise<Element>((resolve, reject) => {
      this.#o.outbox.written(this.#o.now(), { id, to: undefined, text, resolve, reject });
      beforeSend?.(id);
      this.#write(text, id);
    });
  }

  #ping(): Promise<boolean> {
    this.#keepalive?.asked(this.#o.now());
    const query = this.#query('get', xml('ping', { xmlns: NS_PING }), undefined, this.#domain);
    return query.then(
      () => true,
      // An error stanza is a sign of life as good as a result.
      error => error instanceof EvioError && error.code === 'SIGNALING_REFUSED',
    );
  }

  get #domain(): string {
    return this.#o.account.domain;
  }

  async #fetchServices(): Promise<void> {
    try {
      const answer = await this.#query('get', servicesQuery(), undefined, this.#domain);
      const services = answer.getChild('services', NS_EXTDISCO);
      let servers = serversFrom(services);
      for (const service of withoutCredentials(services)) {
        const query = credentialsQuery(service);
        const given = await this.#query('get', query, undefined, this.#domain).then(
          reply => serversFrom(reply.getChild('credentials', NS_EXTDISCO)),
          () => [], // this service has none for us
        );
        servers = mergeServers(servers, given);
      }
      this.#setServers(servers);
    } catch (error) {
      if (!(error instanceof EvioError)) throw error;
      // Not offered is a lasting answer; anything else is worth asking again.
      const wait = error.code === 'SIGNALING_REFUSED' ? REFRESH.mostMs : REFRESH.failedMs;
      this.#servicesDue = this.#o.now() + wait;
    }
  }

  #setServers(servers: readonly RawIceServer[]): void {
    this.#servicesDue = this.#o.now() + refreshDelay(servers, this.#o.wallNow());
    if (JSON.stringify(servers) === JSON.stringify(this.#servers)) return;
    this.#servers = servers;
    this.#o.events.iceServers(servers);
  }
}
