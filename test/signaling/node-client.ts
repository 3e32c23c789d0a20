import { randomBytes } from 'node:crypto';
import {
  type PeerEvent,
  SignalingClient,
  type SignalingOptions,
  type SignalingState,
} from '@evio/signaling';
import { firstValueFrom, type Observable, timeout } from 'rxjs';
import { filter } from 'rxjs/operators';

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined };

/** A client with the test's defaults; `await using` stops it. */
export class NodeClient extends SignalingClient {
  /** Everything that was told, in order. */
  readonly seen: PeerEvent[] = [];
  readonly states: SignalingState[] = [];
  readonly received: unknown[] = [];

  constructor(
    options: Omit<SignalingOptions, 'random' | 'logger' | 'group'> & Partial<SignalingOptions>,
  ) {
    super({ group: 'edge', random: n => randomBytes(n), logger: quiet, ...options });
    this.peers.subscribe(event => this.seen.push(event));
    this.state.subscribe(state => this.states.push(state));
    this.messages.subscribe(message => this.received.push(message));
  }

  /** Starts and waits until it is online. */
  async online(): Promise<this> {
    this.start();
    try {
      await this.until('online');
    } catch {
      const { error } = this.currentState;
      await this.stop();
      throw error ?? new Error('not online in time');
    }
    return this;
  }

  async until(state: SignalingState['state'], ms = 20_000): Promise<SignalingState> {
    return await first(this.state, s => s.state === state, ms);
  }

  /** The first failure with this code. */
  async failure(code: string, ms = 20_000): Promise<SignalingState> {
    return await first(this.state, s => s.state === 'offline' && s.error?.code === code, ms);
  }

  /** The first failure, of whatever kind. */
  async failed(ms = 20_000): Promise<SignalingState> {
    return await first(this.state, s => s.state === 'offline' && s.error !== undefined, ms);
  }

  /** Lets I/O happen. */
  async moment(): Promise<void> {
    await new Promise(resolve => setTimeout(resolve, 10));
  }

  async peer(jid: string, type: PeerEvent['type'] = 'available', ms = 20_000): Promise<PeerEvent> {
    return await first(this.peers, event => event.jid === jid && event.type === type, ms);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** The first value that fits. */
export async function first<T>(
  values: Observable<T>,
  fits: (value: T) => boolean,
  ms = 20_000,
): Promise<T> {
  return await firstValueFrom(values.pipe(filter(fits), timeout(ms)));
}
