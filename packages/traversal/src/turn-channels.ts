import type { Endpoint } from '@evio/types';
import { endpointKey } from './address.ts';

/** A channel of one allocation (RFC 8656 §12). */
export interface TurnChannel {
  readonly channel: number;
  readonly remote: Endpoint;
  /** The server has confirmed the binding, so data may be sent as ChannelData. */
  bound: boolean;
  /** When something was last sent through it. */
  usedAt: number;
  /** When to bind again: permissions last 300 s, bindings 600 s (RFC 8656 §9, §12). */
  renewAt: number;
}

const FIRST = 0x4000;
/** RFC 8656 §12: 0x4000 to 0x4FFF. */
const LAST = 0x4fff;
/** Before the permission, which is the shorter of the two, ends. */
export const CHANNEL_RENEWAL = 240_000;

/** The channels of one allocation. Numbers are not used again before all others were. */
export class TurnChannels {
  readonly #byRemote = new Map<string, TurnChannel>();
  readonly #byNumber = new Map<number, TurnChannel>();
  #next = FIRST;

  [Symbol.iterator](): Iterator<TurnChannel> {
    return this.#byRemote.values();
  }

  get(remote: Endpoint): TurnChannel | undefined {
    return this.#byRemote.get(endpointKey(remote));
  }

  byNumber(channel: number): TurnChannel | undefined {
    return this.#byNumber.get(channel);
  }

  /** Whether packets from this address are wanted: permissions are by address (RFC 8656 §9). */
  permits(address: string): boolean {
    for (const { remote } of this.#byRemote.values()) if (remote.address === address) return true;
    return false;
  }

  /** A new channel for `remote`; undefined when all numbers are taken. */
  add(now: number, remote: Endpoint): TurnChannel | undefined {
    if (this.#byNumber.size > LAST - FIRST) return undefined;
    while (this.#byNumber.has(this.#next)) this.#advance();
    const channel: TurnChannel = {
      channel: this.#next,
      remote,
      bound: false,
      usedAt: now,
      renewAt: now + CHANNEL_RENEWAL,
    };
    this.#advance();
    this.#byRemote.set(endpointKey(remote), channel);
    this.#byNumber.set(channel.channel, channel);
    return channel;
  }

  remove(channel: TurnChannel): void {
    this.#byRemote.delete(endpointKey(channel.remote));
    this.#byNumber.delete(channel.channel);
  }

  #advance(): void {
    this.#next = this.#next === LAST ? FIRST : this.#next + 1;
  }
}
