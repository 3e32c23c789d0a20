import type { Datapath, DatapathEvent, PeerHandle, UnderlayPath, Via } from '@evio/datapath';
import type { NodeRecord, PeerSession, SessionOutput, SessionState } from '@evio/session';
import type { LinkMessage } from '@evio/signaling';
import type { SelectedPair } from '@evio/traversal';
import { earliest, Link, type LinkOptions, type LinkOwner } from '../link/link.ts';
import type { Logger } from '../system/index.ts';
import type { Underlay } from '../underlay/underlay.ts';
import { WakeUp } from '../underlay/wake-up.ts';
import { PathProbe } from './path-probe.ts';

/** Without anything authentic from the peer for this long, an ICE failure is believed. */
const RECENTLY = 12_000;
/** Traffic this fresh proves the path as well as an answered check does. Milliseconds. */
const JUST_NOW = 300;

/** What a peer needs of the agent around it. */
export interface PeerOptions extends Omit<LinkOptions, 'owner' | 'session'> {
  readonly record: NodeRecord;
  /** The peer in the datapath; it is removed there when it closes here. */
  readonly handle: PeerHandle;
  readonly session: PeerSession;
  readonly datapath: Datapath;
  /** Milliseconds between echoes on an idle path. */
  readonly keepaliveMs: number;
  readonly logger: Logger;
  readonly underlay: Underlay;
  /** The peer proved that it holds the keys of its record. */
  readonly onProven: (record: NodeRecord) => void;
  /** The path is lost, and with it perhaps the reason to keep the peer. */
  readonly onDown: () => void;
}

/**
 * Another node of the overlay: its session, its path and what is measured on it, and the link that
 * finds the path. Everything that is said of it to the datapath is said here.
 */
export class Peer implements LinkOwner {
  readonly #options: PeerOptions;
  readonly #link: Link;
  readonly #probe: PathProbe;
  readonly #wake: WakeUp;
  #record: NodeRecord;
  #path: UnderlayPath | undefined;
  #pair: SelectedPair | undefined;
  #sessionState: SessionState = { state: 'down', since: 0 };

  constructor(options: PeerOptions) {
    const { datapath, handle, keepaliveMs, record } = options;
    this.#options = options;
    this.#record = record;
    this.#link = new Link({ ...options, owner: this });
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

  get path(): UnderlayPath | undefined {
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

  /** Whether frames reach it, or may do so without signaling. */
  get alive(): boolean {
    return this.#path !== undefined;
  }

  /** The peer is online at `jid`, and so are we. */
  reach(jid: string): void {
    this.#link.reach(performance.now(), jid);
    this.#wake.soon();
  }

  /** The peer came back as a new process, or announced itself anew. */
  restarted(record: NodeRecord, jid: string): void {
    this.#record = record;
    this.#link.peerRestarted(performance.now(), jid);
    this.#wake.soon();
  }

  /** Signaling is lost, or the peer's is. What works stays. */
  unreach(): void {
    this.#link.unreach();
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
    this.#link.renew(now);
    this.#wake.soon();
  }

  /** A message of the peer came over signaling. */
  receive(message: LinkMessage, from: string): void {
    this.#link.receive(performance.now(), message, from);
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
        this.#link.confirmed(now, event.rttMs);
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
        session.restart(now);
        this.#link.verify(now);
        break;
      case 'too-big':
        this.#probe.onTooBig(now, event.datagramBytes);
        break;
      case 'control': // none between neighbours yet
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

  selected(now: number, path: UnderlayPath, pair: SelectedPair): void {
    this.#pair = pair;
    this.#usePath(path);
    this.#probe.pathChanged(now, path);
    this.#options.logger.info({ path, rttMs: pair.rttMs }, 'path');
  }

  consentLost(_now: number): void {
    this.#pair = undefined;
    // RFC 7675: no consent, no sending; unless the session itself says that the peer is there.
    if (this.#heardWithin(RECENTLY)) return;
    this.#options.logger.info('the path is lost');
    this.#losePath();
  }

  ended(): void {
    this.#losePath();
  }

  #run(now: number): number | undefined {
    const { session } = this.#options;
    session.tick(now);
    this.#drainSession(now);
    if (this.#heardWithin(JUST_NOW)) this.#link.heard(now);
    this.#link.run(now);
    this.#drainSession(now);
    this.#probe.tick(now);
    return earliest(session.nextTimeout(), this.#link.nextTimeout(), this.#probe.nextTimeout());
  }

  #heardWithin(ms: number): boolean {
    const { datapath, handle } = this.#options;
    const { lastReceivedMs } = datapath.peerCounters(handle);
    return lastReceivedMs !== undefined && lastReceivedMs <= ms;
  }

  #usePath(path: UnderlayPath): void {
    this.#path = path;
    this.#options.datapath.setPath(this.#options.handle, path);
  }

  #losePath(): void {
    this.#path = undefined;
    this.#pair = undefined;
    this.#options.datapath.setPath(this.#options.handle, undefined);
    this.#probe.pathLost();
    // Later: whoever hears it may close this peer, and we are in the midst of something.
    queueMicrotask(() => this.#options.onDown());
  }

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
