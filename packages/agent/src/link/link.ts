import type { UnderlayPath } from '@evio/datapath';
import type { PeerSession } from '@evio/session';
import type { LinkMessage } from '@evio/signaling';
import {
  IceAgent,
  type IceOutput,
  type PairReport,
  type SelectedPair,
  wireCandidate,
} from '@evio/traversal';
import { EvioError, type LinkRole } from '@evio/types';
import type { Logger } from '../system/index.ts';
import type { Underlay } from '../underlay/underlay.ts';
import { type Contact, formatContact } from './contact.ts';
import { type Exchange, Exchanges } from './exchanges.ts';
import { iceContext } from './ice-context.ts';
import { Negotiation } from './negotiation.ts';

/**
 * After so many exchanges in a row that came to nothing, and so many milliseconds, somebody else must
 * say whether to go on. Both, because a peer that just came may not be reachable in its first second.
 */
const GIVE_UP = 3;
const GIVE_UP_AFTER = 5_000;
/** Why an offer is turned down by a node that has links enough. */
const BUSY = 'busy';

/** What a link needs of the agent around it. */
export interface LinkOptions {
  /** Its handshake travels in the offer and the answer. */
  readonly session: Pick<PeerSession, 'initiate' | 'respond' | 'complete'>;
  readonly underlay: Underlay;
  /** Whether this node's id is the lower one. */
  readonly offersFirst: boolean;
  readonly random: (bytes: number) => Uint8Array;
  /** Sends to the peer, by its server or by the overlay; rejects when that is known to have failed. */
  readonly send: (contact: Contact, message: LinkMessage) => Promise<void>;
  readonly logger: Logger;
  readonly owner: LinkOwner;
}

/** Whom a link tells. */
export interface LinkOwner {
  /** Something happened: run the link at the end of this turn. */
  wake(): void;
  /** This pair works, and is the best so far. `anew`: the first of its exchange. */
  selected(now: number, path: UnderlayPath, pair: SelectedPair, anew: boolean): void;
  /** The peer answers on the selected pair, after it did not. */
  recovered(now: number): void;
  /** The peer does not answer on the selected pair; it may again. */
  doubtful(now: number): void;
  /** The peer no longer answers on the selected pair (RFC 7675). */
  consentLost(now: number): void;
  /** No path was found, and the link rests until it is {@link Link.reach | reached} again. */
  failed(reason: 'refused' | 'failed'): void;
  /** The peer has ended the link. */
  ended(now: number): void;
}

/** An offer or the answer to it. */
type Description = Extract<LinkMessage, { kind: 'offer' | 'answer' }>;

/**
 * Finds and keeps a direct or relayed path to one peer: negotiates with it, checks by ICE. An
 * exchange that works stays in use until the next one does.
 *
 * The owner calls {@link run} whenever it was woken or {@link nextTimeout} has come.
 */
export class Link {
  readonly #options: LinkOptions;
  readonly #negotiation: Negotiation;
  readonly #exchanges = new Exchanges();
  /** When the first of the exchanges that came to nothing began. */
  #tryingSince: number | undefined;
  #contact: Contact | undefined;
  #role: LinkRole | undefined;

  constructor(options: LinkOptions) {
    const { offersFirst, random } = options;
    this.#options = options;
    this.#negotiation = new Negotiation({
      offersFirst,
      jitter: () => Buffer.from(random(4)).readUInt32BE() / 2 ** 32,
    });
  }

  /** Whether the peer answers checks on the path in use. */
  get answering(): boolean {
    return this.#exchanges.inUse?.ice.state === 'connected';
  }

  /** The candidate pairs of the exchange in use, or else of the one on trial. */
  get pairs(): readonly PairReport[] {
    return this.#exchanges.all()[0]?.ice.pairs ?? [];
  }

  /** Whether nothing is under way, agreed or planned. */
  get idle(): boolean {
    return this.#negotiation.state.kind === 'idle';
  }

  /** The link is wanted for `role`, and the peer can be talked to. */
  reach(now: number, contact: Contact, role: LinkRole): void {
    this.#contact = contact;
    this.#role = role;
    // Ring neighbours want each other; in another role the peer may know nothing of it.
    this.#negotiation.reach(now, { atOnce: role !== 'successor' });
  }

  /** The peer came back as a new process. */
  peerRestarted(now: number, contact: Contact): void {
    this.#contact = contact;
    this.#negotiation.peerRestarted(now);
  }

  /** The peer cannot be talked to at present. What works stays. */
  unreach(): void {
    this.#negotiation.unreach();
    this.#exchanges.endTrial();
  }

  /** The ground changed (our addresses, a mapping): agree on a path anew. */
  renew(now: number): void {
    this.#negotiation.restart(now, { force: true });
  }

  /** Nothing comes back: ask the peer on the path, and agree on another meanwhile. */
  verify(now: number): void {
    this.#exchanges.inUse?.ice.verify(now);
    this.#negotiation.restart(now);
  }

  /** Sealed traffic of the peer arrives, whether or not it answers checks in time. */
  heard(now: number): void {
    this.#exchanges.inUse?.ice.heard(now);
  }

  /** The peer answered an echo that went along the path. */
  confirmed(now: number, rttMs: number): void {
    this.#exchanges.inUse?.ice.confirmed(now, rttMs);
  }

  /** A message of the peer came; the answer goes the same way. */
  receive(now: number, message: LinkMessage, from: Contact): void {
    switch (message.kind) {
      case 'offer':
      case 'answer':
        if (message.kind === 'offer') this.#onOffer(now, message, from);
        else this.#onAnswer(now, message, from);
        break;
      case 'candidates': {
        const exchange = this.#exchanges.of(message.session);
        for (const candidate of message.candidates) {
          exchange?.ice.addRemoteCandidate(now, candidate);
        }
        break;
      }
      case 'end':
        this.#onEnd(now, message.session, message.reason);
        break;
      default:
        message satisfies never;
    }
  }

  /** Turns an offer down: this node has links enough. */
  refuse(session: string, from: Contact): void {
    this.#send(from, { kind: 'end', session, reason: BUSY });
  }

  /** Does what is due at `now`. */
  run(now: number): void {
    if (this.#negotiation.tick(now)) this.#offer(now);
    this.#giveUp(now);
    if (this.#negotiation.state.kind === 'pausing') this.#exchanges.endTrial();
    for (const exchange of this.#exchanges.all()) {
      exchange.ice.tick(now);
      for (let out = exchange.ice.poll(); out !== undefined; out = exchange.ice.poll()) {
        this.#onIce(now, exchange, out);
      }
    }
  }

  /** When to {@link run} next; undefined when nothing is planned. */
  nextTimeout(): number | undefined {
    return earliest(
      this.#negotiation.nextTimeout(),
      ...this.#exchanges.all().map(({ ice }) => ice.nextTimeout()),
    );
  }

  /** Tells the peer that the link ends, and forgets it. */
  close(reason: string): void {
    for (const { contact, session } of this.#exchanges.all()) {
      this.#send(contact, { kind: 'end', session, reason });
    }
    this.#exchanges.clear();
    this.#negotiation.reset();
  }

  // -- Signaling

  #offer(now: number): void {
    const contact = this.#contact;
    if (contact === undefined) return;
    const { logger, owner, random, underlay } = this.#options;
    const session = Buffer.from(random(9)).toString('base64url');
    const exchange = { session, contact, ...this.#begin('controlling') };
    this.#exchanges.try(exchange);
    const { credentials } = exchange.ice;
    const handshake = this.#options.session.initiate(now, iceContext(credentials));
    this.#negotiation.offered(now, session);
    const candidates = underlay.candidates.map(wireCandidate);
    const offer: LinkMessage = {
      kind: 'offer',
      session,
      credentials,
      candidates,
      handshake,
      ...(this.#role !== undefined && { role: this.#role }),
    };
    logger.debug({ session, to: formatContact(contact), role: this.#role }, 'offering a link');
    this.#options.send(contact, offer).catch((error: unknown) => {
      const to = formatContact(contact);
      logger.info({ to, error: messageOf(error) }, 'the offer did not arrive');
      this.#negotiation.failed(performance.now(), session);
      owner.wake();
    });
  }

  #onOffer(now: number, message: Description, from: Contact): void {
    if (!this.#negotiation.accepts()) return; // ours stands, and the peer will answer it
    const { session, credentials } = message;
    const { ice, detach } = this.#begin('controlled');
    let reply: Uint8Array;
    try {
      const theirs = handshakeOf(message);
      takeCredentials(now, ice, message);
      const ours = iceContext(ice.credentials);
      reply = this.#options.session.respond(now, theirs, iceContext(credentials), ours);
    } catch (error) {
      detach();
      this.#options.logger.warn(
        { from: formatContact(from), error: messageOf(error) },
        'refused an offer',
      );
      this.#send(from, { kind: 'end', session, reason: 'security-error' });
      return;
    }
    const { logger } = this.#options;
    logger.debug({ session, from: formatContact(from), role: message.role }, 'answering an offer');
    this.#exchanges.try({ session, contact: from, ice, detach });
    this.#negotiation.answering(now, session);
    for (const candidate of message.candidates) ice.addRemoteCandidate(now, candidate);
    this.#send(from, {
      kind: 'answer',
      session,
      credentials: ice.credentials,
      candidates: this.#options.underlay.candidates.map(wireCandidate),
      handshake: reply,
    });
  }

  #onAnswer(now: number, message: Description, from: Contact): void {
    const { session, credentials } = message;
    const exchange = this.#exchanges.of(session);
    if (exchange === undefined || !this.#negotiation.answered(now, session)) {
      // Our offer was given up before. Unless the peer hears of that, it checks in vain for 20 s.
      this.#options.logger.debug({ session }, 'an answer that nothing waits for');
      this.#send(from, { kind: 'end', session, reason: 'expired' });
      return;
    }
    try {
      this.#options.session.complete(now, handshakeOf(message), iceContext(credentials));
      takeCredentials(now, exchange.ice, message);
    } catch (error) {
      this.#options.logger.warn({ error: messageOf(error) }, 'refused an answer');
      this.#send(exchange.contact, { kind: 'end', session, reason: 'security-error' });
      this.#negotiation.failed(now, session);
      return;
    }
    for (const candidate of message.candidates) exchange.ice.addRemoteCandidate(now, candidate);
  }

  #onEnd(now: number, session: string, reason: string): void {
    const exchange = this.#exchanges.of(session);
    if (exchange === undefined) return;
    this.#options.logger.info({ reason }, 'the peer ended the link');
    const wasInUse = this.#exchanges.drop(exchange);
    this.#negotiation.failed(now, session);
    if (wasInUse) this.#options.owner.ended(now);
    else if (reason === BUSY && this.#exchanges.inUse === undefined) this.#rest('refused');
  }

  /** When the peer cannot be had, whoever wants the link must ask again. */
  #giveUp(now: number): void {
    if (this.#exchanges.inUse !== undefined || this.#negotiation.state.kind === 'idle') {
      this.#tryingSince = undefined;
      return;
    }
    this.#tryingSince ??= now;
    if (this.#negotiation.failures < GIVE_UP || now - this.#tryingSince < GIVE_UP_AFTER) return;
    this.#tryingSince = undefined;
    this.#rest('failed');
  }

  #rest(reason: 'refused' | 'failed'): void {
    this.#exchanges.endTrial();
    this.#negotiation.reset();
    this.#options.owner.failed(reason);
  }

  /** Sends what needs no answer of ours; a failure shows in the checks that do not follow. */
  #send(contact: Contact, message: LinkMessage): void {
    this.#options.send(contact, message).catch((error: unknown) => {
      const { kind } = message;
      this.#options.logger.debug(
        { to: formatContact(contact), kind, error: messageOf(error) },
        'a message did not arrive',
      );
    });
  }

  // -- Exchanges

  /** A new ICE agent that has all our candidates, and sends on those that come later. */
  #begin(role: 'controlling' | 'controlled'): Pick<Exchange, 'ice' | 'detach'> {
    const { owner, random, underlay } = this.#options;
    const ice = new IceAgent({ role, random });
    const detach = underlay.attach(ice, {
      wake: () => owner.wake(),
      found: candidates => {
        const exchange = this.#exchanges.all().find(other => other.ice === ice);
        if (exchange === undefined) return;
        const { session, contact } = exchange;
        const { credentials } = ice;
        this.#send(contact, { kind: 'candidates', session, credentials, candidates });
      },
    });
    return { ice, detach };
  }

  // -- ICE

  #onIce(now: number, exchange: Exchange, output: IceOutput): void {
    switch (output.type) {
      case 'transmit':
        this.#options.underlay.transmit(output.bytes, output.base, output.remote);
        break;
      case 'selected':
        this.#onSelected(now, exchange, output.pair);
        if (output.nominated) this.#negotiation.connected(exchange.session);
        break;
      case 'state':
        if (output.state === 'failed') this.#onFailed(now, exchange);
        if (exchange !== this.#exchanges.inUse) break;
        if (output.state === 'connected') this.#options.owner.recovered(now);
        if (output.state === 'disconnected') {
          this.#negotiation.restart(now);
          this.#options.owner.doubtful(now);
        }
        break;
      default:
        output satisfies never;
    }
  }

  #onSelected(now: number, exchange: Exchange, pair: SelectedPair): void {
    const path = this.#options.underlay.pathOf(pair);
    if (path === undefined) return; // its relay went away in the meantime
    const anew = this.#exchanges.use(exchange);
    this.#options.owner.selected(now, path, pair, anew);
  }

  #onFailed(now: number, exchange: Exchange): void {
    if (this.#exchanges.drop(exchange)) {
      this.#options.owner.consentLost(now);
      this.#negotiation.restart(now);
    } else {
      this.#options.logger.info({ pairs: exchange.ice.describe() }, 'no candidate pair works');
      this.#negotiation.failed(now, exchange.session);
    }
  }
}

function handshakeOf({ handshake, kind }: Description): Uint8Array {
  if (handshake !== undefined) return handshake;
  throw new EvioError('HANDSHAKE_MISSING', `expected a handshake in the ${kind}`);
}

function takeCredentials(now: number, ice: IceAgent, { credentials }: Description): void {
  if (ice.setRemote(now, credentials)) return;
  throw new EvioError('ICE_CREDENTIALS', 'expected ICE credentials as RFC 8839 §5.4 has them');
}

/** The least of the times that are set. */
export function earliest(...times: (number | undefined)[]): number | undefined {
  const set = times.filter(time => time !== undefined);
  return set.length === 0 ? undefined : Math.min(...set);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
