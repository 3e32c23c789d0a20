import type { Datapath, DatapathEvent, Path, PeerHandle, Via } from '@evio/datapath';
import type { NodeRecord, PeerSession, SessionOutput, SessionState } from '@evio/session';
import type { LinkMessage } from '@evio/signaling';
import { IceAgent, type IceOutput, type SelectedPair, wireCandidate } from '@evio/traversal';
import { EvioError } from '@evio/types';
import type { Logger } from '../system/index.ts';
import type { Underlay } from '../underlay/underlay.ts';
import { WakeUp } from '../underlay/wake-up.ts';
import { iceContext } from './ice-context.ts';
import { Negotiation } from './negotiation.ts';
import { PathProbe } from './path-probe.ts';

/** Without anything authentic from the peer for this long, an ICE failure is believed. */
const RECENTLY = 12_000;
/** Traffic this fresh proves the path as well as an answered check does. Milliseconds. */
const JUST_NOW = 300;

/** What a link needs of the agent around it. */
export interface LinkOptions {
  readonly record: NodeRecord;
  /** The peer in the datapath; the link removes it when it closes. */
  readonly handle: PeerHandle;
  readonly session: PeerSession;
  readonly datapath: Datapath;
  readonly underlay: Underlay;
  /** Whether this node's id is the lower one. */
  readonly offersFirst: boolean;
  readonly random: (bytes: number) => Uint8Array;
  /** Milliseconds between echoes on an idle path. */
  readonly keepaliveMs: number;
  /** Sends to the peer over the signaling channel. */
  readonly send: (jid: string, message: LinkMessage) => Promise<void>;
  readonly logger: Logger;
  /** The peer proved that it holds the keys of its record. */
  readonly onProven: (record: NodeRecord) => void;
  /** The path is lost, and with it perhaps the reason to keep the link. */
  readonly onDown: () => void;
}

/** An offer or the answer to it. */
type Description = Extract<LinkMessage, { kind: 'offer' | 'answer' }>;

/** One exchange of candidates with its ICE agent; a link has at most one in use and one on trial. */
interface Exchange {
  readonly session: string;
  readonly jid: string;
  readonly ice: IceAgent;
  readonly detach: () => void;
}

/**
 * The link to one peer: agrees on paths over signaling, keeps the session's keys, and tells the
 * datapath both. An exchange that works stays in use until the next one does.
 */
export class Link {
  readonly #options: LinkOptions;
  readonly #negotiation: Negotiation;
  readonly #probe: PathProbe;
  readonly #wake: WakeUp;
  #record: NodeRecord;
  #jid: string | undefined;
  /** The exchange that the path comes from. */
  #inUse: Exchange | undefined;
  /** The exchange under way, if it is not in use. */
  #onTrial: Exchange | undefined;
  #path: Path | undefined;
  #pair: SelectedPair | undefined;
  #sessionState: SessionState = { state: 'down', since: 0 };

  constructor(options: LinkOptions) {
    const { datapath, handle, offersFirst, random, record } = options;
    this.#options = options;
    this.#record = record;
    this.#negotiation = new Negotiation({
      offersFirst,
      jitter: () => new DataView(random(4).buffer).getUint32(0) / 2 ** 32,
    });
    this.#probe = new PathProbe({
      keepaliveMs: options.keepaliveMs,
      send: (token, datagramBytes) => datapath.probe(handle, token, datagramBytes),
      setPathMtu: bytes => datapath.setPathMtu(handle, bytes),
    });
    this.#wake = new WakeUp(now => this.#run(now));
  }

  get record(): NodeRecord {
    return this.#record;
  }

  get handle(): PeerHandle {
    return this.#options.handle;
  }

  get path(): Path | undefined {
    return this.#path;
  }

  /** The selected pair behind the path, while ICE still stands for it. */
  get pair(): SelectedPair | undefined {
    return this.#pair;
  }

  get probe(): PathProbe {
    return this.#probe;
  }

  get session(): SessionState {
    return this.#sessionState;
  }

  /** Whether the link carries frames, or may do so without signaling. */
  get alive(): boolean {
    return this.#path !== undefined;
  }

  /** The peer is online at `jid`, and so are we. */
  reach(jid: string): void {
    this.#jid = jid;
    this.#negotiation.reach(performance.now());
    this.#wake.soon();
  }

  /** The peer came back as a new process, or announced itself anew. */
  restarted(record: NodeRecord, jid: string): void {
    this.#record = record;
    this.#jid = jid;
    this.#negotiation.peerRestarted(performance.now());
    this.#wake.soon();
  }

  /** Signaling is lost, or the peer's is. What works stays. */
  unreach(): void {
    this.#negotiation.unreach();
    this.#endTrial();
    this.#wake.soon();
  }

  /** The ground changed (our addresses, a mapping): agree on a path anew. */
  renew(reason: string): void {
    const now = performance.now();
    this.#options.logger.debug({ reason }, 'renewing the path');
    // A path from an address that may be gone: let the kernel choose where to send from, and let an
    // echo show the peer where we are now. It follows if it can be reached without signaling.
    if (this.#path?.kind === 'direct') {
      this.#usePath({ kind: 'direct', remote: this.#path.remote });
    }
    this.#probe.echo(now);
    this.#negotiation.restart(now, { force: true });
    this.#wake.soon();
  }

  /** A message of the peer came over signaling. */
  receive(message: LinkMessage, from: string): void {
    const now = performance.now();
    switch (message.kind) {
      case 'offer':
      case 'answer':
        if (message.kind === 'offer') this.#onOffer(now, message, from);
        else this.#onAnswer(now, message);
        break;
      case 'candidates': {
        const exchange = this.#exchange(message.session);
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
    this.#wake.soon();
  }

  /** A handshake datagram of the peer came; without a path of our own we answer where it came from. */
  handshake(bytes: Uint8Array, via: Via): void {
    const now = performance.now();
    this.#options.session.receive(now, bytes);
    this.#drainSession(now, via);
    this.#wake.soon();
  }

  /** The datapath told something of this peer. */
  observe(event: Extract<DatapathEvent, { peer: PeerHandle }>): void {
    const now = performance.now();
    const { session, logger, underlay } = this.#options;
    switch (event.type) {
      case 'echo':
        this.#probe.onEcho(now, event);
        break;
      case 'established':
        session.onEstablished(now, event.localIndex);
        break;
      case 'exhausted':
        session.onExhausted(now, event.localIndex);
        break;
      case 'wanted':
        if (this.#path !== undefined && this.#sessionState.state === 'down') session.restart(now);
        break;
      case 'roamed':
        logger.info({ path: event.path }, 'the peer moved to another address');
        this.#path = event.path;
        this.#pair = undefined;
        this.#probe.pathChanged(now, event.path);
        break;
      case 'stalled':
        logger.info('nothing comes back: checking the path and agreeing on a new one');
        underlay.verify();
        this.#inUse?.ice.verify(now);
        session.restart(now);
        this.#negotiation.restart(now);
        break;
      case 'too-big':
        this.#probe.onTooBig(now, event.datagramBytes);
        break;
      case 'control':
        break; // no control messages between neighbours yet
      default:
        event satisfies never;
    }
    this.#wake.soon();
  }

  /** Tells the peer that the link ends, and forgets it. Nothing may be called after it. */
  close(reason: string): void {
    for (const exchange of [this.#inUse, this.#onTrial]) {
      if (exchange === undefined) continue;
      this.#send(exchange.jid, { kind: 'end', session: exchange.session, reason });
      exchange.detach();
    }
    this.#wake.stop();
    this.#options.datapath.removePeer(this.#options.handle);
  }

  #run(now: number): number | undefined {
    const { session } = this.#options;
    if (this.#negotiation.tick(now)) this.#offer(now);
    if (this.#negotiation.state.kind === 'pausing') this.#endTrial();
    session.tick(now);
    this.#drainSession(now);
    // A peer too busy to answer a check in time, but whose frames arrive, is not gone.
    if (this.#inUse !== undefined && this.#heardWithin(JUST_NOW)) this.#inUse.ice.heard(now);
    for (const exchange of [this.#inUse, this.#onTrial]) {
      if (exchange === undefined) continue;
      exchange.ice.tick(now);
      for (let out = exchange.ice.poll(); out !== undefined; out = exchange.ice.poll()) {
        this.#onIce(now, exchange, out);
      }
    }
    this.#probe.tick(now);
    return earliest(
      this.#negotiation.nextTimeout(),
      session.nextTimeout(),
      this.#inUse?.ice.nextTimeout(),
      this.#onTrial?.ice.nextTimeout(),
      this.#probe.nextTimeout(),
    );
  }

  // -- Signaling

  #offer(now: number): void {
    const jid = this.#jid;
    if (jid === undefined) return;
    const ice = this.#begin('controlling');
    const session = Buffer.from(this.#options.random(9)).toString('base64url');
    this.#try({ session, jid, ...ice });
    const { credentials } = ice.ice;
    const handshake = this.#options.session.initiate(now, iceContext(credentials));
    this.#negotiation.offered(now, session);
    const candidates = this.#options.underlay.candidates.map(wireCandidate);
    const offer: LinkMessage = { kind: 'offer', session, credentials, candidates, handshake };
    this.#options.send(jid, offer).catch((error: unknown) => {
      this.#options.logger.info({ jid, error: messageOf(error) }, 'the offer did not arrive');
      this.#negotiation.failed(performance.now(), session);
      this.#wake.soon();
    });
  }

  #onOffer(now: number, message: Description, from: string): void {
    if (!this.#negotiation.accepts()) return; // ours stands, and the peer will answer it
    const { session, credentials, handshake } = message;
    const { ice, detach } = this.#begin('controlled');
    let reply: Uint8Array;
    try {
      if (handshake === undefined) {
        throw new EvioError('HANDSHAKE_MISSING', 'expected a handshake in the offer');
      }
      if (!ice.setRemote(now, credentials)) {
        throw new EvioError(
          'ICE_CREDENTIALS',
          'expected ICE credentials as RFC 8839 §5.4 has them',
        );
      }
      const context = iceContext(credentials);
      reply = this.#options.session.respond(now, handshake, context, iceContext(ice.credentials));
    } catch (error) {
      detach();
      this.#options.logger.warn({ from, error: messageOf(error) }, 'refused an offer');
      this.#send(from, { kind: 'end', session, reason: 'security-error' });
      return;
    }
    this.#try({ session, jid: from, ice, detach });
    this.#negotiation.answering(now, session);
    for (const candidate of message.candidates) ice.addRemoteCandidate(now, candidate);
    const candidates = this.#options.underlay.candidates.map(wireCandidate);
    this.#send(from, {
      kind: 'answer',
      session,
      credentials: ice.credentials,
      candidates,
      handshake: reply,
    });
  }

  #onAnswer(now: number, message: Description): void {
    const { session, credentials, handshake } = message;
    const exchange = this.#exchange(session);
    if (exchange === undefined || !this.#negotiation.answered(now, session)) return;
    try {
      if (handshake === undefined) {
        throw new EvioError('HANDSHAKE_MISSING', 'expected a handshake in the answer');
      }
      this.#options.session.complete(now, handshake, iceContext(credentials));
      if (!exchange.ice.setRemote(now, credentials)) {
        throw new EvioError(
          'ICE_CREDENTIALS',
          'expected ICE credentials as RFC 8839 §5.4 has them',
        );
      }
    } catch (error) {
      this.#options.logger.warn({ error: messageOf(error) }, 'refused an answer');
      this.#send(exchange.jid, { kind: 'end', session, reason: 'security-error' });
      this.#negotiation.failed(now, session);
      return;
    }
    for (const candidate of message.candidates) exchange.ice.addRemoteCandidate(now, candidate);
  }

  #onEnd(now: number, session: string, reason: string): void {
    const exchange = this.#exchange(session);
    if (exchange === undefined) return;
    this.#options.logger.info({ reason }, 'the peer ended the link');
    if (exchange === this.#inUse) this.#losePath();
    this.#drop(exchange);
    this.#negotiation.failed(now, session);
  }

  /** Sends what needs no answer of ours; a failure shows in the checks that do not follow. */
  #send(jid: string, message: LinkMessage): void {
    this.#options.send(jid, message).catch((error: unknown) => {
      const { kind } = message;
      this.#options.logger.debug(
        { jid, kind, error: messageOf(error) },
        'a message did not arrive',
      );
    });
  }

  // -- Exchanges

  /** A new ICE agent that has all our candidates, and sends on those that come later. */
  #begin(role: 'controlling' | 'controlled'): Pick<Exchange, 'ice' | 'detach'> {
    const ice = new IceAgent({ role, random: this.#options.random });
    const detach = this.#options.underlay.attach(ice, {
      wake: () => this.#wake.soon(),
      found: candidates => {
        const exchange = [this.#onTrial, this.#inUse].find(other => other?.ice === ice);
        if (exchange === undefined) return;
        const { session, jid } = exchange;
        const { credentials } = ice;
        this.#send(jid, { kind: 'candidates', session, credentials, candidates });
      },
    });
    return { ice, detach };
  }

  #try(exchange: Exchange): void {
    this.#endTrial();
    this.#onTrial = exchange;
  }

  #endTrial(): void {
    this.#onTrial?.detach();
    this.#onTrial = undefined;
  }

  #drop(exchange: Exchange): void {
    exchange.detach();
    if (this.#onTrial === exchange) this.#onTrial = undefined;
    if (this.#inUse === exchange) this.#inUse = undefined;
  }

  #exchange(session: string): Exchange | undefined {
    return [this.#onTrial, this.#inUse].find(exchange => exchange?.session === session);
  }

  #onIce(now: number, exchange: Exchange, output: IceOutput): void {
    const { logger, underlay } = this.#options;
    switch (output.type) {
      case 'transmit':
        underlay.transmit(output.bytes, output.base, output.remote);
        break;
      case 'selected':
        this.#select(now, exchange, output.pair);
        if (output.nominated) this.#negotiation.connected(exchange.session);
        break;
      case 'state':
        logger.debug({ state: output.state, session: exchange.session }, 'ICE');
        if (exchange === this.#inUse) {
          if (output.state === 'disconnected') this.#negotiation.restart(now);
          if (output.state === 'failed') this.#onConsentLost(now, exchange);
        } else if (output.state === 'failed') {
          logger.info({ pairs: exchange.ice.describe() }, 'no candidate pair works');
          this.#drop(exchange);
          this.#negotiation.failed(now, exchange.session);
        }
        break;
      default:
        output satisfies never;
    }
  }

  #select(now: number, exchange: Exchange, pair: SelectedPair): void {
    const path = this.#options.underlay.pathOf(pair);
    if (path === undefined) return; // its relay went away in the meantime
    if (exchange !== this.#inUse) {
      this.#inUse?.detach();
      this.#inUse = exchange;
      this.#onTrial = undefined;
    }
    this.#pair = pair;
    this.#usePath(path);
    this.#probe.pathChanged(now, path);
    this.#options.logger.info({ path, rttMs: pair.rttMs }, 'path');
  }

  /** RFC 7675: no consent, no sending; unless the session itself says that the peer is there. */
  #onConsentLost(now: number, exchange: Exchange): void {
    this.#drop(exchange);
    this.#pair = undefined;
    if (!this.#heardWithin(RECENTLY)) {
      this.#options.logger.info('the path is lost');
      this.#losePath();
    }
    this.#negotiation.restart(now);
  }

  /** Whether anything authentic came from the peer in the last `ms`. */
  #heardWithin(ms: number): boolean {
    const { datapath, handle } = this.#options;
    const { lastReceivedMs } = datapath.peerCounters(handle);
    return lastReceivedMs !== undefined && lastReceivedMs <= ms;
  }

  #usePath(path: Path): void {
    this.#path = path;
    this.#options.datapath.setPath(this.#options.handle, path);
  }

  #losePath(): void {
    this.#path = undefined;
    this.#pair = undefined;
    this.#options.datapath.setPath(this.#options.handle, undefined);
    this.#probe.pathLost();
    this.#options.onDown();
  }

  // -- Session

  #drainSession(now: number, via?: Via): void {
    const { session } = this.#options;
    for (let output = session.poll(); output !== undefined; output = session.poll()) {
      this.#onSession(now, output, this.#path ?? via);
    }
  }

  #onSession(now: number, output: SessionOutput, via: Via | undefined): void {
    const { datapath, handle, logger } = this.#options;
    switch (output.type) {
      case 'send':
        if (via !== undefined) datapath.send(output.bytes, via);
        break;
      case 'install':
        datapath.addSession(handle, output.session);
        break;
      case 'remove':
        datapath.removeSession(output.localIndex);
        break;
      case 'state':
        this.#sessionState = output;
        if (output.state === 'up') {
          this.#options.onProven(this.#record);
          this.#probe.echo(now);
        }
        break;
      case 'failed':
        logger.warn({ error: output.error.message }, 'the handshake failed');
        break;
      default:
        output satisfies never;
    }
  }
}

function earliest(...times: (number | undefined)[]): number | undefined {
  const set = times.filter(time => time !== undefined);
  return set.length === 0 ? undefined : Math.min(...set);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
