import type { DatapathEvent, Path, PeerHandle, UnderlayPath, Via } from '@evio/datapath';
import type { NodeRecord, SessionOutput, SessionState } from '@evio/session';
import type { LinkMessage } from '@evio/signaling';
import type { LinkRole } from '@evio/topology';
import type { PairReport, SelectedPair } from '@evio/traversal';
import { type Contact, OVERLAY_CONTACT } from '../link/contact.ts';
import { earliest, Link, type LinkOwner } from '../link/link.ts';
import { WakeUp } from '../underlay/wake-up.ts';
import { ControlInbox } from './control-inbox.ts';
import { type ControlMessage, encodeControlMessage } from './control-message.ts';
import { PathProbe } from './path-probe.ts';
import type { PeerOptions } from './peer-options.ts';
import { UseWatch } from './use-watch.ts';
import { Way, type WayOutput } from './way.ts';
import { Whereabouts } from './whereabouts.ts';

/** Without anything authentic from the peer for this long, an ICE failure is believed. */
const RECENTLY = 12_000;
/** Traffic this fresh proves the path as well as an answered check does. Milliseconds. */
const JUST_NOW = 300;

/**
 * Another node of the overlay: its session, the way to it and what is measured there, and the link
 * that finds a way without others. Everything that is said of it to the datapath is said here.
 */
export class Peer implements LinkOwner {
  readonly #options: PeerOptions;
  readonly #link: Link;
  readonly #probe: PathProbe;
  readonly #way = new Way();
  readonly #use = new UseWatch();
  readonly #inbox: ControlInbox;
  readonly #whereabouts = new Whereabouts();
  readonly #wake: WakeUp;
  #record: NodeRecord;
  #wanted: LinkRole | undefined;
  /** Where the peer can be told something through the server; undefined while it cannot. */
  #jid: string | undefined;
  #pair: SelectedPair | undefined;
  #sessionState: SessionState = { state: 'down', since: 0 };

  constructor(options: PeerOptions) {
    const { datapath, handle, keepaliveMs, record } = options;
    this.#options = options;
    this.#record = record;
    this.#inbox = new ControlInbox(options);
    this.#link = new Link({
      ...options,
      owner: this,
      send: (contact, message) => this.#say(contact, message),
    });
    this.#probe = new PathProbe({
      keepaliveMs,
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
    return this.#way.path;
  }

  /** The selected pair behind the path, while ICE stands for it. */
  get pair(): SelectedPair | undefined {
    return this.#pair;
  }

  /** What ICE has tried for its link. */
  get pairs(): readonly PairReport[] {
    return this.#link.pairs;
  }

  get probe(): PathProbe {
    return this.#probe;
  }

  get session(): SessionState {
    return this.#sessionState;
  }

  /** Whether the topology may count on its link. */
  get up(): boolean {
    return this.#way.up;
  }

  /** Whether it has a link of its own, however that does. */
  get linked(): boolean {
    return this.#way.linkPath !== undefined;
  }

  /** Whether it was asked in vain, and nothing came from it by any way since. */
  get silent(): boolean {
    return this.#way.silent;
  }

  /** Whether anything authentic came from it since then. */
  heardSince(then: number): boolean {
    return this.#heardWithin(performance.now() - then);
  }

  /** A link is wanted: make it, and keep it. */
  want(role: LinkRole): void {
    this.#wanted = role;
    this.#reconsider(performance.now());
  }

  /** The link is not wanted any more. */
  unwant(): void {
    this.#wanted = undefined;
    this.#link.close('success');
    if (this.linked) this.#options.logger.info('the link ends');
    this.#linkLost(performance.now());
  }

  /** The peer is online at `jid`, and so are we; undefined: the server is of no use at present. */
  reach(jid: string | undefined): void {
    this.#jid = jid;
    this.#reconsider(performance.now());
  }

  /** Whether the route table knows a way to it. */
  setRouted(routed: boolean): void {
    this.#way.setRouted(routed);
    this.#drainWay(performance.now());
  }

  /** How many frames were exchanged so far; asked once a second. */
  used(now: number, frames: number): void {
    this.#use.saw(now, frames);
    if (this.linked) return;
    if (this.#probe.useOverlay(now, this.#use.inUse(now))) this.#wake.soon();
    if (this.#wanted !== undefined || !this.#use.idle(now)) return;
    // Keys would be renewed for ever for the sake of one frame.
    this.#options.session.close(now);
    this.#wake.soon();
  }

  /** The peer says something new of itself. */
  renewed(record: NodeRecord): void {
    this.#record = record;
  }

  /** The peer came back as a new process, or may have. */
  restarted(record: NodeRecord): void {
    const now = performance.now();
    this.#record = record;
    const contact = this.#contact();
    if (this.#wanted !== undefined && contact) this.#link.peerRestarted(now, contact);
    else if (this.path !== undefined && this.#sessionState.state === 'up') {
      this.#options.session.restart(now);
    }
    this.#wake.soon();
  }

  /** The server says that it is gone: see whether that is so. */
  suspect(): void {
    if (!this.linked) return;
    this.doubtful(performance.now());
    this.#wake.soon();
  }

  /** Says something to the peer's agent; it may be lost. */
  tell(message: ControlMessage): void {
    this.#options.datapath.sendControl(this.handle, encodeControlMessage(message));
  }

  /** The ground changed (our addresses, a mapping): agree on a path anew. */
  renew(reason: string): void {
    const now = performance.now();
    this.#options.logger.debug({ reason }, 'renewing the path');
    // An echo shows the peer where we are now; it follows if it can be reached without signaling.
    this.#way.sourceGone();
    this.#drainWay(now);
    if (this.linked) this.#probe.echo(now);
    this.#link.renew(now);
    this.#wake.soon();
  }

  /** A message of the peer came over signaling. */
  receive(message: LinkMessage, from: Contact): void {
    const now = performance.now();
    if (message.kind === 'offer' && !this.#options.owner.accepts(this, message.role)) {
      this.#link.refuse(message.session, from);
      return;
    }
    this.#link.receive(now, message, from);
    // Whoever takes an offer wants the link as long as the other does.
    if (message.kind === 'offer' && !this.#link.idle) {
      this.#wanted ??= message.role ?? 'shortcut';
      this.#reconsider(now);
    }
    this.#wake.soon();
  }

  /** A handshake datagram of the peer came; without a path of our own we answer where it came from. */
  handshake(bytes: Uint8Array, via: Via): void {
    const now = performance.now();
    this.#whereabouts.called(via, { hasWay: this.path !== undefined });
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
        this.#onEcho(now, event);
        break;
      case 'established':
        session.onEstablished(now, event.localIndex);
        break;
      case 'exhausted':
        session.onExhausted(now, event.localIndex);
        break;
      case 'wanted':
        this.#handshakeOnPath(now);
        break;
      case 'roamed':
        logger.info({ path: event.path }, 'the peer moved to another address');
        this.#way.roamed(event.path);
        this.#drainWay(now);
        if (this.#way.linkPath === undefined) break; // told before the link ended
        this.#whereabouts.met(event.path);
        this.#pair = undefined;
        this.#probe.pathChanged(now, event.path);
        break;
      case 'stalled':
        session.restart(now);
        this.#way.unanswered(now);
        if (!this.#way.onLink) break;
        logger.info('nothing comes back: checking the path and agreeing on a new one');
        underlay.verify();
        this.doubtful(now);
        break;
      case 'too-big':
        this.#probe.onTooBig(now, event.datagramBytes);
        break;
      case 'control':
        this.#onControl(now, event.bytes);
        break;
      case 'loop':
        logger.warn({ mac: event.mac }, 'frames go round in a loop between two bridges: cut one');
        break;
      default:
        event satisfies never;
    }
    this.#wake.soon();
  }

  /** Ends the link and the session. Nothing may be called after it. */
  close(reason: string): void {
    const now = performance.now();
    this.#link.close(reason);
    this.#options.session.close(now);
    this.#drainSession(now);
    this.#wake.stop();
    this.#options.datapath.removePeer(this.handle);
  }

  // -- What the link tells

  wake(): void {
    this.#wake.soon();
  }

  selected(now: number, path: UnderlayPath, pair: SelectedPair, anew: boolean): void {
    this.#pair = pair;
    this.#whereabouts.met(path);
    this.#way.selected(path, anew);
    this.#drainWay(now);
    this.#options.logger.info({ path, rttMs: pair.rttMs }, 'path');
  }

  recovered(now: number): void {
    this.#way.recovered();
    this.#drainWay(now);
  }

  doubtful(now: number): void {
    this.#link.verify(now);
    this.#way.doubt(now);
    this.#drainWay(now);
  }

  consentLost(now: number): void {
    this.#pair = undefined;
    // RFC 7675: no consent, no sending; unless the session itself says that the peer is there.
    if (this.#way.onLink && this.#heardWithin(RECENTLY)) return;
    this.#options.logger.info('the path is lost');
    this.#linkLost(now, 'failed');
  }

  ended(now: number): void {
    this.#wanted = undefined;
    this.#link.close('success');
    this.#linkLost(now, 'closed');
  }

  failed(reason: 'refused' | 'failed'): void {
    this.#wanted = undefined;
    this.#options.owner.linkFailed(this, reason);
  }

  #run(now: number): number | undefined {
    const { session } = this.#options;
    session.tick(now);
    this.#drainSession(now);
    const silentMs = this.#silentMs();
    if (this.#way.onLink && (silentMs ?? Number.POSITIVE_INFINITY) <= JUST_NOW) {
      this.#link.heard(now);
    }
    this.#link.run(now);
    this.#drainSession(now);
    this.#way.tick(now, { silentMs, answering: this.#link.answering });
    this.#drainWay(now);
    this.#probe.tick(now);
    return earliest(
      session.nextTimeout(),
      this.#link.nextTimeout(),
      this.#way.nextTimeout(),
      this.#probe.nextTimeout(),
    );
  }

  // -- The link

  /** How the peer can be told of a link. */
  #contact(): Contact | undefined {
    if (this.#jid !== undefined) return { kind: 'server', jid: this.#jid };
    return this.#sessionState.state === 'up' && this.path !== undefined
      ? OVERLAY_CONTACT
      : undefined;
  }

  #say(contact: Contact, message: LinkMessage): Promise<void> {
    if (contact.kind === 'server') return this.#options.send(contact.jid, message);
    this.tell({ kind: 'link', message });
    return Promise.resolve();
  }

  /** Begins to make the wanted link as soon as the peer can be talked to. */
  #reconsider(now: number): void {
    this.#wake.soon();
    const contact = this.#contact();
    if (contact === undefined) {
      this.#link.unreach();
      if (this.#wanted !== undefined) this.#handshakeOnPath(now);
    } else if (this.#wanted !== undefined) {
      this.#link.reach(now, contact, this.#wanted);
    }
  }

  #linkLost(now: number, reason?: 'closed' | 'failed'): void {
    this.#pair = undefined;
    this.#way.lost(reason);
    this.#drainWay(now);
  }

  #onEcho(now: number, echo: Extract<DatapathEvent, { type: 'echo' }>): void {
    this.#probe.onEcho(now, echo);
    if (!this.#way.onLink) return;
    this.#link.confirmed(now, echo.rttMs);
    if (this.up && !this.#way.doubted) this.#options.owner.measured(this, echo.rttMs);
  }

  #onControl(now: number, bytes: Uint8Array): void {
    this.#inbox.receive(now, bytes, message => {
      if (message.kind === 'link') this.receive(message.message, OVERLAY_CONTACT);
      else this.#options.owner.control(this, message);
    });
  }

  // -- The way

  #silentMs(): number | undefined {
    return this.#options.datapath.peerCounters(this.handle).lastReceivedMs;
  }

  #heardWithin(ms: number): boolean {
    return (this.#silentMs() ?? Number.POSITIVE_INFINITY) <= ms;
  }

  #drainWay(now: number): void {
    for (let output = this.#way.poll(); output !== undefined; output = this.#way.poll()) {
      this.#onWay(now, output);
      this.#wake.soon();
    }
  }

  #onWay(now: number, output: WayOutput): void {
    const { datapath, handle, logger, owner } = this.#options;
    switch (output.type) {
      case 'path':
        datapath.setPath(handle, output.path);
        if (output.path === undefined) this.#probe.pathLost();
        else this.#probe.pathChanged(now, output.path);
        if (output.path !== undefined && this.#wanted !== undefined) this.#reconsider(now);
        break;
      case 'up':
        owner.linkUp(this, this.#pair?.rttMs);
        break;
      case 'down':
        if (output.reason === 'failed') logger.info('the link is silent');
        owner.linkDown(this, output.reason);
        break;
      case 'stalled':
        owner.stalled(this);
        break;
      case 'heard':
        owner.measured(this, this.#probe.rttMs ?? this.#pair?.rttMs ?? 0);
        break;
      case 'ask':
        this.#probe.ask();
        break;
      default:
        output satisfies never;
    }
  }

  // -- The session

  #handshakeOnPath(now: number): void {
    if (this.#via() === undefined || this.#sessionState.state === 'up') return;
    this.#options.session.restart(now);
  }

  /** Where a handshake goes that was not asked for by one of the peer. */
  #via(): Via | undefined {
    const path = this.#way.linkPath ?? this.path;
    if (path?.kind === 'overlay') {
      return { kind: 'overlay', overlay: this.#options.overlay, node: this.#record.id };
    }
    return path ?? this.#whereabouts.lastSeen;
  }

  /** Keys without a way: the handshake itself has shown one. */
  #adoptCaller(): void {
    if (this.path !== undefined) return;
    const path = this.#whereabouts.proven();
    if (path === undefined) return;
    this.#options.logger.info({ path }, 'met where it was last');
    this.#way.selected(path, true);
  }

  #drainSession(now: number, via?: Via): void {
    const { session } = this.#options;
    for (let output = session.poll(); output !== undefined; output = session.poll()) {
      this.#onSession(now, output, this.#way.linkPath ?? via ?? this.#via());
    }
  }

  #onSession(now: number, output: SessionOutput, via: Via | undefined): void {
    const { datapath, handle, logger, owner } = this.#options;
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
        if (this.#sessionState.state !== 'up') this.#use.began(now);
        this.#sessionState = output;
        this.#way.setKeys(output.state === 'up');
        if (output.state === 'up') {
          this.#adoptCaller();
          owner.proven(this);
          if (this.#way.onLink) this.#probe.echo(now);
          this.#reconsider(now);
        }
        this.#drainWay(now);
        break;
      case 'failed':
        logger.warn({ error: output.error.message }, 'the handshake failed');
        break;
      default:
        output satisfies never;
    }
  }
}
