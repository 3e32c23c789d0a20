import type {
  Datapath,
  DatapathEvent,
  OverlayHandle,
  Path,
  PeerHandle,
  UnderlayPath,
  Via,
} from '@evio/datapath';
import type { NodeRecord, PeerSession, SessionOutput, SessionState } from '@evio/session';
import type { LinkMessage } from '@evio/signaling';
import type { LinkRole } from '@evio/topology';
import type { SelectedPair } from '@evio/traversal';
import { EvioError } from '@evio/types';
import { type Contact, OVERLAY_CONTACT } from '../link/contact.ts';
import { earliest, Link, type LinkOptions, type LinkOwner } from '../link/link.ts';
import type { Logger } from '../system/index.ts';
import type { Underlay } from '../underlay/underlay.ts';
import { WakeUp } from '../underlay/wake-up.ts';
import { decodeControlMessage, encodeControlMessage } from './control-message.ts';
import { Doubt } from './doubt.ts';
import { PathProbe } from './path-probe.ts';

/** Without anything authentic from the peer for this long, an ICE failure is believed. */
const RECENTLY = 12_000;
/** Traffic this fresh proves the path as well as an answered check does. Milliseconds. */
const JUST_NOW = 300;

/** For so long a silent link is not tried again while ICE has no news. */
const SILENCE = 3_000;
/** A way through others is measured for this long after the last frame. Milliseconds. */
const OVERLAY_IN_USE = 10_000;
/** Keys with a peer behind others are given up when no frame was exchanged for this long. */
const OVERLAY_IDLE = 150_000;

/** What a peer needs of the agent around it. */
export interface PeerOptions extends Omit<LinkOptions, 'owner' | 'session' | 'send'> {
  readonly record: NodeRecord;
  readonly overlay: OverlayHandle;
  /** The peer in the datapath; it is removed there when it closes here. */
  readonly handle: PeerHandle;
  readonly session: PeerSession;
  readonly datapath: Datapath;
  /** Milliseconds between echoes on an idle link. */
  readonly keepaliveMs: number;
  readonly logger: Logger;
  readonly underlay: Underlay;
  readonly owner: PeerOwner;
  /** Sends by the XMPP server. */
  readonly send: (jid: string, message: LinkMessage) => Promise<void>;
}

/** Whom a peer tells: the overlay, and its topology. */
export interface PeerOwner {
  /** The peer proved that it holds the keys of its record. */
  proven(peer: Peer): void;
  /** Frames reach it by a link of its own, with keys. Again for each exchange that made one. */
  linkUp(peer: Peer, rttMs: number | undefined): void;
  /** What {@link linkUp} told is no more: the peer ended it, or is silent. */
  linkDown(peer: Peer, reason: 'closed' | 'failed'): void;
  /** No link could be made. */
  linkFailed(peer: Peer, reason: 'refused' | 'failed'): void;
  /** Nothing comes back on the link. */
  stalled(peer: Peer): void;
  /** A round trip on the link. */
  measured(peer: Peer, rttMs: number): void;
  /** A message for the topology came from it. */
  control(peer: Peer, bytes: Uint8Array): void;
  /** It offers a link, for `role` if it says so: whether to take it. */
  accepts(peer: Peer, role: LinkRole | undefined): boolean;
}

/**
 * Another node of the overlay: its session, the way to it and what is measured there, and the link
 * that finds a way without others. Everything that is said of it to the datapath is said here.
 *
 * The way to a peer is its link's path; without one, or when the link is silent, through the overlay
 * as soon as the route table knows how.
 */
export class Peer implements LinkOwner {
  readonly #options: PeerOptions;
  readonly #link: Link;
  readonly #probe: PathProbe;
  readonly #doubt = new Doubt();
  readonly #wake: WakeUp;
  #record: NodeRecord;
  /** What the link found. */
  #linkPath: UnderlayPath | undefined;
  /** The link was silent for so long that others carry what is for the peer, if they can. */
  #silent = false;
  #silentAt = 0;
  /** Whether the owner counts on the link. */
  #announced = false;
  /** Whether the route table knows a way. */
  #routed = false;
  #wanted: LinkRole | undefined;
  /** Where the peer can be told something through the server; undefined while it cannot. */
  #jid: string | undefined;
  #path: Path | undefined;
  #pair: SelectedPair | undefined;
  #frames = 0;
  #usedAt = Number.NEGATIVE_INFINITY;
  #sessionState: SessionState = { state: 'down', since: 0 };

  constructor(options: PeerOptions) {
    const { datapath, handle, keepaliveMs, record } = options;
    this.#options = options;
    this.#record = record;
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
    return this.#path;
  }

  /** The selected pair behind the path, while ICE stands for it. */
  get pair(): SelectedPair | undefined {
    return this.#pair;
  }

  get probe(): PathProbe {
    return this.#probe;
  }

  get session(): SessionState {
    return this.#sessionState;
  }

  /** Whether the topology may count on its link. */
  get up(): boolean {
    return this.#announced;
  }

  /** Whether it has a link of its own, however that does. */
  get linked(): boolean {
    return this.#linkPath !== undefined;
  }

  /** A link is wanted: make it, and keep it. */
  want(role: LinkRole): void {
    this.#wanted = role;
    this.#reconsider(performance.now());
  }

  /** The link is not wanted any more. */
  unwant(): void {
    this.#wanted = undefined;
    this.#announced = false;
    this.#link.close('success');
    if (this.#linkPath !== undefined) this.#options.logger.info('the link ends');
    this.#dropLinkPath();
    this.#wake.soon();
  }

  /** The peer is online at `jid`, and so are we; undefined: the server is of no use at present. */
  reach(jid: string | undefined): void {
    this.#jid = jid;
    this.#reconsider(performance.now());
  }

  /** Whether the route table knows a way to it. */
  setRouted(routed: boolean): void {
    if (routed === this.#routed) return;
    this.#routed = routed;
    this.#choosePath(performance.now());
    this.#wake.soon();
  }

  /** How many frames were exchanged so far; asked once a second. */
  used(now: number, frames: number): void {
    const more = frames !== this.#frames;
    this.#frames = frames;
    if (more) this.#usedAt = now;
    const idle = now - this.#usedAt;
    this.#probe.useOverlay(now, idle < OVERLAY_IN_USE);
    if (idle > OVERLAY_IDLE && this.#wanted === undefined && this.#linkPath === undefined) {
      // Keys would be renewed for ever for the sake of one frame.
      this.#options.session.close(now);
    }
    this.#wake.soon();
  }

  /** The peer came back as a new process, or announced itself anew. */
  restarted(record: NodeRecord): void {
    const now = performance.now();
    this.#record = record;
    const contact = this.#contact();
    if (this.#wanted !== undefined && contact) this.#link.peerRestarted(now, contact);
    else if (this.#path !== undefined && this.#sessionState.state === 'up') {
      this.#options.session.restart(now);
    }
    this.#wake.soon();
  }

  /** The server says that it is gone: see whether that is so. */
  suspect(): void {
    const now = performance.now();
    if (this.#linkPath === undefined) return;
    this.#link.verify(now);
    this.#doubtLink(now);
  }

  /** Says something to the peer's topology; it may be lost. */
  tell(bytes: Uint8Array): void {
    const { datapath, handle } = this.#options;
    datapath.sendControl(handle, encodeControlMessage({ kind: 'topology', bytes }));
  }

  /** The ground changed (our addresses, a mapping): agree on a path anew. */
  renew(reason: string): void {
    const now = performance.now();
    this.#options.logger.debug({ reason }, 'renewing the path');
    // A path from an address that may be gone: let the kernel choose where to send from, and let an
    // echo show the peer where we are now. It follows if it can be reached without signaling.
    if (this.#linkPath?.kind === 'direct') {
      this.#linkPath = { kind: 'direct', remote: this.#linkPath.remote };
      this.#choosePath(now);
    }
    if (this.#linkPath !== undefined) this.#probe.echo(now);
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
        if (!this.#onLink) break;
        this.#link.confirmed(now, event.rttMs);
        if (this.#announced && !this.#doubt.raised) {
          this.#options.owner.measured(this, event.rttMs);
        }
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
        this.#linkPath = event.path;
        this.#path = event.path;
        this.#pair = undefined;
        this.#probe.pathChanged(now, event.path);
        break;
      case 'stalled':
        session.restart(now);
        if (!this.#onLink) break;
        logger.info('nothing comes back: checking the path and agreeing on a new one');
        underlay.verify();
        this.#link.verify(now);
        this.#doubtLink(now);
        break;
      case 'too-big':
        this.#probe.onTooBig(now, event.datagramBytes);
        break;
      case 'control':
        this.#onControl(event.bytes);
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
    this.#options.datapath.removePeer(this.#options.handle);
  }

  // -- What the link tells

  wake(): void {
    this.#wake.soon();
  }

  selected(now: number, path: UnderlayPath, pair: SelectedPair, anew: boolean): void {
    this.#pair = pair;
    this.#linkPath = path;
    this.#silent = false;
    this.#doubt.clear();
    if (anew) this.#announced = false;
    this.#choosePath(now);
    this.#announce();
    this.#options.logger.info({ path, rttMs: pair.rttMs }, 'path');
  }

  recovered(now: number): void {
    this.#silent = false;
    this.#doubt.clear();
    this.#choosePath(now);
    this.#announce();
  }

  doubtful(now: number): void {
    this.#doubtLink(now);
  }

  consentLost(_now: number): void {
    this.#pair = undefined;
    // RFC 7675: no consent, no sending; unless the session itself says that the peer is there.
    if (this.#onLink && this.#heardWithin(RECENTLY)) return;
    this.#options.logger.info('the path is lost');
    this.#linkLost('failed');
  }

  ended(): void {
    this.#wanted = undefined;
    this.#link.close('success');
    this.#linkLost('closed');
  }

  failed(reason: 'refused' | 'failed'): void {
    this.#wanted = undefined;
    this.#options.owner.linkFailed(this, reason);
  }

  #run(now: number): number | undefined {
    const { session } = this.#options;
    session.tick(now);
    this.#drainSession(now);
    if (this.#onLink && this.#heardWithin(JUST_NOW)) this.#link.heard(now);
    this.#link.run(now);
    this.#drainSession(now);
    this.#checkDoubt(now);
    this.#checkSilence(now);
    this.#probe.tick(now);
    return earliest(
      session.nextTimeout(),
      this.#link.nextTimeout(),
      this.#doubt.nextTimeout(),
      this.#probe.nextTimeout(),
    );
  }

  // -- The link

  /** Whether what is for the peer goes by its link. */
  get #onLink(): boolean {
    return this.#path !== undefined && this.#path.kind !== 'overlay';
  }

  /** How the peer can be told of a link. */
  #contact(): Contact | undefined {
    if (this.#jid !== undefined) return { kind: 'server', jid: this.#jid };
    return this.#sessionState.state === 'up' && this.#path !== undefined
      ? OVERLAY_CONTACT
      : undefined;
  }

  #say(contact: Contact, message: LinkMessage): Promise<void> {
    const { datapath, handle, send } = this.#options;
    if (contact.kind === 'server') return send(contact.jid, message);
    datapath.sendControl(handle, encodeControlMessage({ kind: 'link', message }));
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

  #handshakeOnPath(now: number): void {
    if (this.#path === undefined || this.#sessionState.state === 'up') return;
    this.#options.session.restart(now);
  }

  #announce(): void {
    if (this.#announced || this.#linkPath === undefined || this.#silent) return;
    if (this.#sessionState.state !== 'up') return;
    this.#announced = true;
    this.#options.owner.linkUp(this, this.#pair?.rttMs);
  }

  /** Nothing comes back: others stand in, and the peer is asked for a sign of life. */
  #doubtLink(now: number): void {
    if (this.#silent || !this.#doubt.raise(now)) return;
    if (this.#announced) this.#options.owner.stalled(this);
    this.#wake.soon();
  }

  #checkDoubt(now: number): void {
    const { datapath, handle, logger, owner } = this.#options;
    switch (this.#doubt.tick(now, datapath.peerCounters(handle).lastReceivedMs)) {
      case 'ask':
        this.#probe.echo(now);
        break;
      case 'dispelled': {
        const { rttMs } = this.#probe;
        this.#silent = false;
        if (this.#announced) owner.measured(this, rttMs ?? this.#pair?.rttMs ?? 0);
        else this.#announce();
        break;
      }
      case 'dead':
        logger.info('the link is silent');
        if (this.#announced) {
          this.#announced = false;
          owner.linkDown(this, 'failed');
        }
        this.#silent = true;
        this.#silentAt = now;
        this.#choosePath(now);
        break;
      case undefined:
        break;
    }
  }

  /** Others stand in for a link that ICE takes for working: try it again, once in a while. */
  #checkSilence(now: number): void {
    if (!this.#silent || this.#onLink || !this.#link.answering) return;
    if (now - this.#silentAt >= SILENCE) this.recovered(now);
  }

  #linkLost(reason: 'closed' | 'failed'): void {
    const told = this.#announced;
    this.#announced = false;
    this.#dropLinkPath();
    if (told) this.#options.owner.linkDown(this, reason);
  }

  #dropLinkPath(): void {
    this.#linkPath = undefined;
    this.#pair = undefined;
    this.#silent = false;
    this.#doubt.clear();
    this.#choosePath(performance.now());
  }

  #onControl(bytes: Uint8Array): void {
    const { logger, owner } = this.#options;
    try {
      const message = decodeControlMessage(bytes);
      if (message.kind === 'topology') owner.control(this, message.bytes);
      else this.receive(message.message, OVERLAY_CONTACT);
    } catch (error) {
      if (!(error instanceof EvioError)) throw error;
      logger.debug({ code: error.code }, error.message);
    }
  }

  // -- The path

  #heardWithin(ms: number): boolean {
    const { datapath, handle } = this.#options;
    const { lastReceivedMs } = datapath.peerCounters(handle);
    return lastReceivedMs !== undefined && lastReceivedMs <= ms;
  }

  #choosePath(now: number): void {
    const overlay: Path | undefined = this.#routed ? { kind: 'overlay' } : undefined;
    const path = this.#silent ? (overlay ?? this.#linkPath) : (this.#linkPath ?? overlay);
    if (path?.kind === 'overlay' && this.#path?.kind === 'overlay') return;
    if (path === undefined && this.#path === undefined) return;
    this.#path = path;
    this.#options.datapath.setPath(this.#options.handle, path);
    // With nobody to stand in, the link is all there is, and is asked further; else ICE will tell.
    if (path?.kind === 'overlay') this.#doubt.clear();
    if (path === undefined) this.#probe.pathLost();
    else this.#probe.pathChanged(now, path);
    if (path !== undefined && this.#wanted !== undefined) this.#reconsider(now);
  }

  #viaPath(): Via | undefined {
    if (this.#path?.kind !== 'overlay') return this.#path;
    return { kind: 'overlay', overlay: this.#options.overlay, node: this.#record.id };
  }

  #drainSession(now: number, via?: Via): void {
    const { session } = this.#options;
    for (let output = session.poll(); output !== undefined; output = session.poll()) {
      this.#onSession(now, output, this.#linkPath ?? via ?? this.#viaPath());
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
        if (this.#sessionState.state !== 'up') this.#usedAt = now;
        this.#sessionState = output;
        if (output.state === 'up') {
          this.#options.owner.proven(this);
          if (this.#onLink) this.#probe.echo(now);
          this.#announce();
          this.#reconsider(now);
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
