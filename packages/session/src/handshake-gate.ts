import type { AgreementKey } from './curve25519.ts';
import {
  decodeInitiation,
  decodeResponse,
  INITIATION_BYTES,
  INITIATION_TYPE,
  prologue,
  RESPONSE_BYTES,
  RESPONSE_TYPE,
} from './handshake-message.ts';
import type { Identity } from './identity.ts';
import { Mac1 } from './mac1.ts';
import { CHACHA_POLY } from './noise-cipher.ts';
import { NoiseResponder } from './noise-ikpsk2.ts';
import { SourceLimiter, TokenBucket } from './token-bucket.ts';

/** Whose session a handshake datagram is for. */
export type GateVerdict =
  | {
      readonly kind: 'initiation';
      readonly overlay: string;
      /** X25519 static key that the sender claims; the session proves it. */
      readonly staticPublic: Uint8Array;
    }
  | { readonly kind: 'response'; readonly overlay: string; readonly receiverIndex: number }
  | { readonly kind: 'drop'; readonly reason: GateDrop };

/** Why a datagram was dropped. */
export type GateDrop = 'malformed' | 'mac1' | 'source-rate' | 'total-rate' | 'undecryptable';

/** Rates of initiations that get as far as a Diffie-Hellman. */
export interface GateLimits {
  /** Per source and second. */
  readonly sourceRate: number;
  readonly sourceBurst: number;
  /** Sources remembered. */
  readonly sources: number;
  /** From all sources together, per second; each costs 0.3 ms played back, 0.7 ms genuine. */
  readonly totalRate: number;
  readonly totalBurst: number;
}

/** WireGuard's 20 a second per source; in total at most some 7 % of a core. */
export const DEFAULT_GATE_LIMITS: GateLimits = {
  sourceRate: 20,
  sourceBurst: 10,
  sources: 4096,
  totalRate: 100,
  totalBurst: 100,
};

/**
 * The door for handshake datagrams (0xC1, 0xC2) from the network: says to which overlay and peer one
 * belongs, cheapest check first, and drops the rest before it costs anything.
 *
 *   1. length, type, reserved bytes          (nothing)
 *   2. mac1 for one of our overlays          (a hash each)
 *   3. rate of the source, rate of all       (a table of bounded size)
 *   4. the initiator's static key            (one Diffie-Hellman)
 */
export class HandshakeGate {
  readonly #identity: Identity;
  readonly #overlays = new Map<string, { mac1: Mac1; prologue: Uint8Array }>();
  readonly #limits: GateLimits;
  readonly #sources: SourceLimiter;
  readonly #drops: Record<GateDrop, number> = {
    malformed: 0,
    mac1: 0,
    'source-rate': 0,
    'total-rate': 0,
    undecryptable: 0,
  };
  #total: TokenBucket | undefined;

  constructor(identity: Identity, limits: Partial<GateLimits> = {}) {
    this.#identity = identity;
    this.#limits = { ...DEFAULT_GATE_LIMITS, ...limits };
    const { sourceRate, sourceBurst, sources } = this.#limits;
    this.#sources = new SourceLimiter(sourceRate, sourceBurst, sources);
  }

  addOverlay(overlay: string): void {
    this.#overlays.set(overlay, {
      mac1: new Mac1(overlay, this.#identity.staticPublic),
      prologue: prologue(overlay, this.#identity.nodeId),
    });
  }

  removeOverlay(overlay: string): void {
    this.#overlays.delete(overlay);
  }

  /**
   * To whom a datagram goes. Never throws for what came.
   *
   * @param now milliseconds, monotonic. @param source the sender's IP address without port.
   */
  peerOf(now: number, datagram: Uint8Array, source: string): GateVerdict {
    const [type] = datagram;
    if (type === INITIATION_TYPE && datagram.length === INITIATION_BYTES) {
      return this.#initiation(now, datagram, source);
    }
    if (type === RESPONSE_TYPE && datagram.length === RESPONSE_BYTES) {
      const addressed = this.#overlayOf(datagram);
      if (addressed === undefined) return this.#drop('mac1');
      const { receiverIndex } = decodeResponse(datagram);
      return { kind: 'response', overlay: addressed.overlay, receiverIndex };
    }
    return this.#drop('malformed');
  }

  /** Datagrams dropped so far, by reason. */
  counters(): Readonly<Record<GateDrop, number>> {
    return { ...this.#drops };
  }

  #initiation(now: number, datagram: Uint8Array, source: string): GateVerdict {
    const addressed = this.#overlayOf(datagram);
    if (addressed === undefined) return this.#drop('mac1');
    if (!this.#sources.take(now, source)) return this.#drop('source-rate');
    const { totalRate, totalBurst } = this.#limits;
    this.#total ??= new TokenBucket(totalRate, totalBurst, now);
    if (!this.#total.take(now)) return this.#drop('total-rate');
    const staticPublic = openStatic(this.#identity.agreement, addressed.prologue, datagram);
    if (staticPublic === undefined) return this.#drop('undecryptable');
    return { kind: 'initiation', overlay: addressed.overlay, staticPublic };
  }

  #overlayOf(datagram: Uint8Array): { overlay: string; prologue: Uint8Array } | undefined {
    if (datagram[1] !== 0 || datagram[2] !== 0 || datagram[3] !== 0) return undefined;
    for (const [overlay, keys] of this.#overlays) {
      if (keys.mac1.matches(datagram)) return { overlay, prologue: keys.prologue };
    }
    return undefined;
  }

  #drop(reason: GateDrop): GateVerdict {
    this.#drops[reason] += 1;
    return { kind: 'drop', reason };
  }
}

function openStatic(
  own: AgreementKey,
  prologueBytes: Uint8Array,
  datagram: Uint8Array,
): Uint8Array | undefined {
  try {
    const setup = { cipher: CHACHA_POLY, prologue: prologueBytes };
    return NoiseResponder.open(setup, own, decodeInitiation(datagram).noise).initiator;
  } catch {
    return undefined; // counted by the caller as undecryptable
  }
}
