import { checkPriority } from './candidate.ts';
import type { CandidatePair, IceRole } from './candidate-pair.ts';
import { encodeCheck, type IceCredentials } from './connectivity-check.ts';
import type { IceTiming } from './ice-timing.ts';
import { newTransactionId } from './stun-message.ts';
import { StunTransaction } from './stun-transaction.ts';

/**
 * - `check`: does the pair work?
 * - `nominate`: the same, and it is to be used (RFC 8445 §8.1.1).
 * - `consent`: does the peer still want it? Sent once; the pair does not fail with it.
 */
export type CheckPurpose = 'check' | 'nominate' | 'consent';

/** A check of ours under way. */
export interface OwnCheck {
  readonly transaction: StunTransaction;
  readonly pair: CandidatePair;
  readonly purpose: CheckPurpose;
  /** Our role when it was sent. */
  readonly role: IceRole;
}

/** What goes into all checks of one side. */
export interface Checker {
  readonly localUfrag: string;
  readonly remote: IceCredentials;
  readonly role: IceRole;
  readonly tieBreaker: bigint;
}

/** The checks that we have sent and that are not answered yet (RFC 8445 §7.2). */
export class OwnChecks {
  readonly #random: (bytes: number) => Uint8Array;
  readonly #timing: IceTiming;
  readonly #open = new Map<string, OwnCheck>();

  constructor(random: (bytes: number) => Uint8Array, timing: IceTiming) {
    this.#random = random;
    this.#timing = timing;
  }

  has(transactionId: string): boolean {
    return this.#open.has(transactionId);
  }

  get(transactionId: string): OwnCheck | undefined {
    return this.#open.get(transactionId);
  }

  get nominating(): boolean {
    for (const { purpose } of this.#open.values()) if (purpose === 'nominate') return true;
    return false;
  }

  get nextTimeout(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { transaction } of this.#open.values()) {
      next = Math.min(next, transaction.nextTimeout);
    }
    return next;
  }

  /** A new check; returns the bytes to send now. */
  begin(now: number, pair: CandidatePair, purpose: CheckPurpose, checker: Checker): Uint8Array {
    const id = newTransactionId(this.#random);
    const bytes = encodeCheck({
      ...checker,
      transactionId: id,
      priority: checkPriority(pair.local),
      nominate: purpose === 'nominate',
    });
    const { rto, rtoCap, checkTimeout, consentExpiry } = this.#timing;
    const retransmission =
      purpose === 'consent'
        ? { rto: Number.POSITIVE_INFINITY, cap: rtoCap, timeout: consentExpiry }
        : { rto: Math.max(rto, 1.5 * (pair.rttMs ?? 0)), cap: rtoCap, timeout: checkTimeout };
    const transaction = new StunTransaction(now, id, bytes, retransmission);
    this.#open.set(id, { transaction, pair, purpose, role: checker.role });
    return bytes;
  }

  /**
   * Repeats the check of this pair that is under way, if there is one; returns its bytes. For a
   * triggered check RFC 8445 §7.3.1.4 makes a new request; repeating keeps late answers of count.
   */
  repeat(now: number, pair: CandidatePair, role: IceRole): Uint8Array | undefined {
    for (const check of this.#open.values()) {
      if (check.pair !== pair || check.purpose === 'consent' || check.role !== role) continue;
      check.transaction.restart(now);
      return check.transaction.bytes;
    }
    return undefined;
  }

  /** What is due: checks to send again, and checks that got no answer and are forgotten. */
  tick(now: number): { repeated: OwnCheck[]; expired: OwnCheck[] } {
    const repeated: OwnCheck[] = [];
    const expired: OwnCheck[] = [];
    for (const [id, check] of this.#open) {
      const step = check.transaction.tick(now);
      if (step === 'send') repeated.push(check);
      if (step !== 'expired') continue;
      this.#open.delete(id);
      expired.push(check);
    }
    return { repeated, expired };
  }

  close(check: OwnCheck): void {
    this.#open.delete(check.transaction.id);
  }

  /** Forgets all checks of these pairs. */
  forget(pairs: readonly CandidatePair[]): void {
    for (const [id, { pair }] of this.#open) if (pairs.includes(pair)) this.#open.delete(id);
  }

  /** One answer stands for all consent checks of its pair. */
  forgetConsent(): void {
    for (const [id, { purpose }] of this.#open) if (purpose === 'consent') this.#open.delete(id);
  }

  clear(): void {
    this.#open.clear();
  }
}
