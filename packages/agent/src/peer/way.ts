import type { Path, UnderlayPath } from '@evio/datapath';
import { Doubt } from './doubt.ts';

/** For so long a silent link is not tried again while ICE has no news. Milliseconds. */
const SILENCE = 3_000;

/** A peer that fell silent is asked through others at this pace, and later on. Milliseconds. */
const ASK_OTHERS = 1_000;
const ASK_OTHERS_LATER = 5_000;
/** The quicker pace is kept for so many. */
const QUICK_ASKS = 5;

const THROUGH_OVERLAY: Path = { kind: 'overlay' };

/** What a {@link Way} wants done or told. */
export type WayOutput =
  /** From now on frames go this way; undefined: nowhere. */
  | { readonly type: 'path'; readonly path: Path | undefined }
  /** The link carries, with keys: others may count on it. Again for each exchange that made one. */
  | { readonly type: 'up' }
  /** What `up` told is no more. */
  | { readonly type: 'down'; readonly reason: 'closed' | 'failed' }
  /** Nothing comes back on the link; it is still `up`. */
  | { readonly type: 'stalled' }
  /** The peer was heard after all. */
  | { readonly type: 'heard' }
  /** Send an echo on the way in use, to see whether the peer answers. */
  | { readonly type: 'ask' };

/** What is known of the link when time passes. */
export interface LinkSigns {
  /** Age of the last authentic datagram, in ms; undefined when there never was one. */
  readonly silentMs: number | undefined;
  /** Whether the peer answers ICE's checks. */
  readonly answering: boolean;
}

/**
 * Which way frames go to a peer: by its own link, or through other members. A link that is silent is
 * asked quickly and done without for as long as others can stand in; it is tried again when ICE says
 * that it works. Sans-IO, times in milliseconds: call {@link poll} until it is empty after every call.
 */
export class Way {
  readonly #doubt = new Doubt();
  readonly #outputs: WayOutput[] = [];
  /** What the link found. */
  #linkPath: UnderlayPath | undefined;
  /** Since when others carry what is for the peer, because its link is silent. */
  #silentSince: number | undefined;
  /** Since when nothing came of the peer, though it was asked. */
  #unheardSince: number | undefined;
  /** When it is asked through others, and how often it was. */
  #askAt = 0;
  #asked = 0;
  /** Whether the route table knows a way. */
  #routed = false;
  #keys = false;
  #up = false;
  #path: Path | undefined;

  /** The way in use. */
  get path(): Path | undefined {
    return this.#path;
  }

  /** The link's path, used or not. */
  get linkPath(): UnderlayPath | undefined {
    return this.#linkPath;
  }

  /** Whether frames go by the link. */
  get onLink(): boolean {
    return this.#path !== undefined && this.#path.kind !== 'overlay';
  }

  /** Whether others may count on the link. */
  get up(): boolean {
    return this.#up;
  }

  /** Whether it was asked in vain, and nothing came from it by any way since. */
  get silent(): boolean {
    return this.#unheardSince !== undefined;
  }

  /** Whether nothing comes back on the link at present. */
  get doubted(): boolean {
    return this.#doubt.raised;
  }

  /** The link found a path. `anew`: by another exchange than the one before. */
  selected(path: UnderlayPath, anew: boolean): void {
    this.#linkPath = path;
    if (anew) this.#up = false;
    this.recovered();
  }

  /** The peer answers on the link's path, after it did not. */
  recovered(): void {
    if (this.#linkPath === undefined) return;
    this.#silentSince = undefined;
    this.#unheardSince = undefined;
    this.#doubt.clear();
    this.#choose();
    this.#announce();
  }

  /**
   * The datapath followed the peer to another address, and sends there by itself. It tells late:
   * the link may be no more, or others may stand in for it.
   */
  roamed(path: UnderlayPath): void {
    if (this.#linkPath === undefined) return;
    this.#linkPath = path;
    if (this.#silentSince !== undefined) this.recovered();
    else if (this.onLink) this.#path = path;
  }

  /** The address that the link's path leaves from may be gone: the kernel chooses one. */
  sourceGone(): void {
    if (this.#linkPath?.kind !== 'direct') return;
    this.#linkPath = { kind: 'direct', remote: this.#linkPath.remote };
    this.#choose();
  }

  /** Whether the session has keys. */
  setKeys(keys: boolean): void {
    this.#keys = keys;
    if (keys) this.#announce();
    // Without keys nobody can be asked, so that no silence tells anything.
    else if (this.#linkPath === undefined) this.#unheardSince = undefined;
  }

  /** Whether the route table knows a way through others. */
  setRouted(routed: boolean): void {
    if (routed === this.#routed) return;
    this.#routed = routed;
    this.#choose();
  }

  /** Nothing comes back: others stand in, and the peer is asked for a sign of life. */
  doubt(now: number): void {
    if (this.#linkPath === undefined || this.#silentSince !== undefined) return;
    if (!this.#doubt.raise(now)) return;
    this.#unheard(now);
    if (this.#up) this.#outputs.push({ type: 'stalled' });
  }

  /** What is sent to it through others is not answered. */
  unanswered(now: number): void {
    if (this.#path?.kind === 'overlay') this.#unheard(now);
  }

  /** The link is no more. Without a reason it was given up here, and nobody is told. */
  lost(reason?: 'closed' | 'failed'): void {
    const told = this.#up;
    this.#up = false;
    this.#linkPath = undefined;
    this.#silentSince = undefined;
    if (reason !== 'failed') this.#unheardSince = undefined;
    this.#doubt.clear();
    this.#choose();
    if (told && reason !== undefined) this.#outputs.push({ type: 'down', reason });
  }

  tick(now: number, { silentMs, answering }: LinkSigns): void {
    switch (this.#doubt.tick(now, silentMs)) {
      case 'ask':
        this.#outputs.push({ type: 'ask' });
        break;
      case 'dispelled':
        this.#silentSince = undefined;
        this.#unheardSince = undefined;
        if (this.#up) this.#outputs.push({ type: 'heard' });
        else this.#announce();
        break;
      case 'dead':
        if (this.#up) this.#outputs.push({ type: 'down', reason: 'failed' });
        this.#up = false;
        this.#silentSince = now;
        this.#choose();
        break;
      case undefined:
        break;
    }
    const heard = now - (silentMs ?? Number.POSITIVE_INFINITY);
    if (this.#unheardSince !== undefined && heard > this.#unheardSince) {
      this.#unheardSince = undefined;
    }
    if (this.#asksOthers && now >= this.#askAt) {
      this.#asked += 1;
      this.#askAt = now + (this.#asked < QUICK_ASKS ? ASK_OTHERS : ASK_OTHERS_LATER);
      this.#outputs.push({ type: 'ask' });
    }
    const since = this.#silentSince;
    if (since === undefined || this.onLink || !answering) return;
    if (now - since >= SILENCE) this.recovered();
  }

  /** When to {@link tick} next; undefined when nothing is planned. */
  nextTimeout(): number | undefined {
    return this.#asksOthers ? this.#askAt : this.#doubt.nextTimeout();
  }

  poll(): WayOutput | undefined {
    return this.#outputs.shift();
  }

  #unheard(now: number): void {
    if (this.#unheardSince !== undefined) return;
    this.#unheardSince = now;
    this.#asked = 0;
  }

  /** Whether others stand in for one that is silent: perhaps only its link is broken. */
  get #asksOthers(): boolean {
    return this.#unheardSince !== undefined && this.#path?.kind === 'overlay';
  }

  #choose(): void {
    const overlay = this.#routed ? THROUGH_OVERLAY : undefined;
    const path =
      this.#silentSince === undefined ? (this.#linkPath ?? overlay) : (overlay ?? this.#linkPath);
    // With nobody to stand in, the link is all there is, and is asked further; else ICE will tell.
    if (path === THROUGH_OVERLAY) this.#doubt.clear();
    if (path === this.#path) return;
    this.#path = path;
    this.#outputs.push({ type: 'path', path });
  }

  #announce(): void {
    if (this.#up || !this.#keys || this.#linkPath === undefined) return;
    if (this.#silentSince !== undefined) return;
    this.#up = true;
    this.#outputs.push({ type: 'up' });
  }
}
