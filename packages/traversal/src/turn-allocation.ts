import { type Endpoint, EvioError } from '@evio/types';
import { encodeStun, newTransactionId, STUN_METHOD, type StunMessage } from './stun-message.ts';
import {
  type Retransmission,
  SERVER_RETRANSMISSION,
  STREAM_RETRANSMISSION,
} from './stun-transaction.ts';
import { CHANNEL_RENEWAL, type TurnChannel, TurnChannels } from './turn-channels.ts';
import { type TurnAnswer, type TurnCredentials, TurnRequests } from './turn-request.ts';

export type TurnOutput =
  /** Bytes for the server itself. */
  | { readonly type: 'transmit'; readonly bytes: Uint8Array }
  /** A datagram for a peer, to be wrapped as ChannelData below. */
  | { readonly type: 'channelData'; readonly channel: TurnChannel; readonly bytes: Uint8Array }
  /** The relay is there; `mapped` is our address as the server sees it. */
  | { readonly type: 'allocated'; readonly relayed: Endpoint; readonly mapped: Endpoint }
  | { readonly type: 'bindChannel'; readonly channel: TurnChannel }
  | { readonly type: 'unbindChannel'; readonly channel: TurnChannel }
  /**
   * The end. `alternate`: the server sends us to another one (RFC 8489 §10). Codes: `TURN_SILENT`,
   * `TURN_UNAUTHORIZED`, `TURN_LOST` (the server forgot us), `TURN_REFUSED`, `TURN_ALTERNATE`.
   */
  | { readonly type: 'closed'; readonly error: EvioError; readonly alternate?: Endpoint };

export interface TurnAllocationOptions {
  readonly random: (bytes: number) => Uint8Array;
  readonly credentials: TurnCredentials;
  /** Whether the way to the server is a stream (TCP, TLS), which repeats by itself. */
  readonly reliable: boolean;
}

/** Asked for; the server may give less (RFC 8656 §7.1). Seconds. */
const LIFETIME_S = 600;
/** At least this often, so that a lost allocation is noticed. Milliseconds. */
const MAX_REFRESH_INTERVAL = 120_000;
/** For {@link TurnAllocation.verify}: gives up within a second. */
const QUICK: Retransmission = { rto: 120, cap: 240, timeout: 900 };
const UDP_PROTOCOL = 17;
/** coturn takes a second to end an allocation after it has said that it did. Milliseconds. */
const MISMATCH_WAIT = 150;
const MAX_MISMATCHES = 15;

/**
 * One relayed address on one TURN server (RFC 8656), over a way that the caller provides. Sans-IO:
 * after each call take what {@link poll} gives. It lives until `closed` was reported or
 * {@link release} was called; a new one is a new object.
 *
 * Every peer that a pair wants gets a channel at once (a ChannelBind also installs the permission),
 * and until it is confirmed datagrams go as Send indications.
 */
export class TurnAllocation {
  readonly #random: (bytes: number) => Uint8Array;
  readonly #requests: TurnRequests;
  readonly #channels = new TurnChannels();
  /** Peers the server refused, and until when we believe it. */
  readonly #refused = new Map<string, number>();
  readonly #outputs: TurnOutput[] = [];
  readonly #retransmission: Retransmission;
  readonly #reliable: boolean;
  #state: 'new' | 'allocating' | 'allocated' | 'closed' = 'new';
  #relayed: Endpoint | undefined;
  #family: 4 | 6 = 4;
  #mismatches = 0;
  #allocateAt = Number.POSITIVE_INFINITY;
  #refreshAt = Number.POSITIVE_INFINITY;
  #answered = false;

  constructor({ random, credentials, reliable }: TurnAllocationOptions) {
    this.#random = random;
    this.#requests = new TurnRequests(random, credentials);
    this.#reliable = reliable;
    this.#retransmission = reliable ? STREAM_RETRANSMISSION : SERVER_RETRANSMISSION;
  }

  get relayed(): Endpoint | undefined {
    return this.#state === 'allocated' ? this.#relayed : undefined;
  }

  /** Whether the server has said anything yet. */
  get answered(): boolean {
    return this.#answered;
  }

  awaits(transactionId: string): boolean {
    return this.#requests.has(transactionId);
  }

  /** Begins to allocate; on a stream, call it when the stream is open. */
  start(now: number): void {
    if (this.#state !== 'new') return;
    this.#state = 'allocating';
    this.#allocate(now);
  }

  /** Sends a datagram to a peer through the relay; dropped when there is no way yet. */
  send(now: number, remote: Endpoint, bytes: Uint8Array): void {
    const channel = this.channel(now, remote);
    if (channel === undefined) return;
    if (channel.bound) {
      this.#outputs.push({ type: 'channelData', channel, bytes });
      return;
    }
    // RFC 8656 §11.1. The ChannelBind that is under way installs the permission for it.
    const indication = encodeStun({
      method: STUN_METHOD.send,
      class: 'indication',
      transactionId: newTransactionId(this.#random),
      attributes: { 'XOR-PEER-ADDRESS': remote, DATA: bytes },
    });
    this.#outputs.push({ type: 'transmit', bytes: indication });
  }

  /** The channel for a peer, bound anew when there is none; undefined when the server refuses. */
  channel(now: number, remote: Endpoint): TurnChannel | undefined {
    if (this.#state !== 'allocated') return undefined;
    const known = this.#channels.get(remote);
    if (known !== undefined) {
      known.usedAt = now;
      return known;
    }
    if ((this.#refused.get(remote.address) ?? Number.NEGATIVE_INFINITY) > now) return undefined;
    const channel = this.#channels.add(now, remote);
    if (channel === undefined) return undefined;
    // At once, not when confirmed: the peer's packets may overtake the confirmation.
    this.#outputs.push({ type: 'bindChannel', channel });
    this.#bind(now, channel);
    return channel;
  }

  /** The peer behind a channel number. */
  remoteOf(channel: number): Endpoint | undefined {
    return this.#channels.byNumber(channel)?.remote;
  }

  /** The NAT in front may have forgotten us: ask the server now, and close when it is silent. */
  verify(now: number): void {
    if (this.#state === 'allocated' && !this.#requests.isAsking('verify')) {
      this.#refresh(now, 'verify', QUICK);
    }
  }

  /** Gives the relayed address back. Nothing follows. */
  release(now: number): void {
    if (this.#state === 'allocated') {
      const { method, attributes } = { method: STUN_METHOD.refresh, attributes: { LIFETIME: 0 } };
      const retransmission = this.#retransmission;
      const bytes = this.#requests.ask(now, { method, attributes, retransmission, purpose: 'end' });
      this.#outputs.push({ type: 'transmit', bytes });
    }
    this.#end();
  }

  /**
   * A STUN message from the server. For a Data indication returns what a peer sent through the
   * relay; undefined for all else.
   */
  receive(
    now: number,
    message: StunMessage,
  ): { readonly remote: Endpoint; readonly bytes: Uint8Array } | undefined {
    if (this.#state === 'closed') return undefined;
    if (message.class === 'indication') return this.#onIndication(message);
    const answer = this.#requests.receive(now, message);
    if (answer !== undefined) {
      this.#answered = true;
      this.#onAnswer(now, answer);
    }
    return undefined;
  }

  tick(now: number): void {
    if (this.#state === 'closed') return;
    for (const request of [...this.#requests.open]) {
      const step = request.transaction.tick(now);
      if (step === 'send') {
        this.#outputs.push({ type: 'transmit', bytes: request.transaction.bytes });
      }
      if (step !== 'expired') continue;
      this.#requests.close(request);
      if (request.purpose.startsWith('bind')) {
        const channel = this.#channels.byNumber(Number(request.purpose.slice(5)));
        if (channel !== undefined) this.#unbind(channel);
        continue;
      }
      this.#close('TURN_SILENT', `expected an answer to ${request.purpose} from the TURN server`);
      return;
    }
    if (now >= this.#allocateAt) {
      this.#allocateAt = Number.POSITIVE_INFINITY;
      this.#allocate(now);
    }
    if (now >= this.#refreshAt) this.#refresh(now, 'refresh', this.#retransmission);
    for (const channel of [...this.#channels]) {
      if (now < channel.renewAt) continue;
      if (now - channel.usedAt >= CHANNEL_RENEWAL) this.#unbind(channel);
      else this.#bind(now, channel);
    }
  }

  nextTimeout(): number | undefined {
    if (this.#state === 'closed' || this.#state === 'new') return undefined;
    let next = Math.min(this.#refreshAt, this.#allocateAt);
    for (const { transaction } of this.#requests.open) {
      next = Math.min(next, transaction.nextTimeout);
    }
    for (const { renewAt } of this.#channels) next = Math.min(next, renewAt);
    return next === Number.POSITIVE_INFINITY ? undefined : next;
  }

  poll(): TurnOutput | undefined {
    return this.#outputs.shift();
  }

  #allocate(now: number): void {
    const bytes = this.#requests.ask(now, {
      purpose: 'allocate',
      method: STUN_METHOD.allocate,
      attributes: {
        'REQUESTED-TRANSPORT': UDP_PROTOCOL,
        LIFETIME: LIFETIME_S,
        // IPv4 is what a server gives without being asked (RFC 8656 §7.2).
        ...(this.#family === 6 ? { 'REQUESTED-ADDRESS-FAMILY': 6 as const } : {}),
      },
      retransmission: this.#retransmission,
    });
    this.#outputs.push({ type: 'transmit', bytes });
  }

  #refresh(now: number, purpose: 'refresh' | 'verify' | 'clear', how: Retransmission): void {
    this.#refreshAt = Number.POSITIVE_INFINITY;
    const bytes = this.#requests.ask(now, {
      purpose,
      method: STUN_METHOD.refresh,
      attributes: { LIFETIME: purpose === 'clear' ? 0 : LIFETIME_S },
      retransmission: this.#reliable ? { ...how, rto: STREAM_RETRANSMISSION.rto } : how,
    });
    this.#outputs.push({ type: 'transmit', bytes });
  }

  #bind(now: number, channel: TurnChannel): void {
    channel.renewAt = now + CHANNEL_RENEWAL;
    const bytes = this.#requests.ask(now, {
      purpose: `bind ${channel.channel}`,
      method: STUN_METHOD.channelBind,
      attributes: {
        // The codec writes 16 bits of number and 16 of zero (RFC 8656 §18.1).
        'CHANNEL-NUMBER': channel.channel,
        'XOR-PEER-ADDRESS': channel.remote,
      },
      retransmission: this.#retransmission,
    });
    this.#outputs.push({ type: 'transmit', bytes });
  }

  #onAnswer(now: number, answer: TurnAnswer): void {
    if (answer.kind === 'again') {
      this.#outputs.push({ type: 'transmit', bytes: answer.bytes });
    } else if (answer.kind === 'success') {
      this.#onSuccess(now, answer.request.purpose, answer.message);
    } else {
      this.#onError(now, answer);
    }
  }

  #onSuccess(now: number, purpose: string, message: StunMessage): void {
    switch (purpose) {
      case 'allocate': {
        const relayed = message.get('XOR-RELAYED-ADDRESS');
        const mapped = message.get('XOR-MAPPED-ADDRESS');
        if (relayed === undefined || mapped === undefined) {
          this.#close('TURN_REFUSED', 'expected a relayed and a mapped address from the server');
          return;
        }
        this.#state = 'allocated';
        this.#relayed = relayed;
        this.#scheduleRefresh(now, message);
        this.#outputs.push({ type: 'allocated', relayed, mapped });
        return;
      }
      case 'refresh':
      case 'verify':
        this.#scheduleRefresh(now, message);
        return;
      case 'clear':
        this.#allocate(now);
        return;
      default: {
        const channel = this.#channels.byNumber(Number(purpose.slice(5)));
        if (channel !== undefined) channel.bound = true;
      }
    }
  }

  #scheduleRefresh(now: number, message: StunMessage): void {
    const lifetime = (message.get('LIFETIME') ?? LIFETIME_S) * 1000;
    this.#refreshAt = now + Math.max(1000, Math.min(lifetime / 2, MAX_REFRESH_INTERVAL));
  }

  #onError(
    now: number,
    { request, code, reason, message }: Extract<TurnAnswer, { kind: 'error' }>,
  ): void {
    const said = `the TURN server answered ${request.purpose} with ${code} ${reason}`;
    if (request.purpose.startsWith('bind')) {
      const channel = this.#channels.byNumber(Number(request.purpose.slice(5)));
      if (channel === undefined) return;
      if (code === 437) {
        this.#close('TURN_LOST', said);
        return;
      }
      this.#refused.set(channel.remote.address, now + 30_000);
      this.#unbind(channel);
      return;
    }
    const allocating = request.purpose === 'allocate';
    if (allocating && code === 437 && this.#mismatches <= MAX_MISMATCHES) {
      // Our 5-tuple still has the allocation of an earlier life: end that one and ask again.
      if (this.#mismatches++ === 0) this.#refresh(now, 'clear', this.#retransmission);
      else this.#allocateAt = now + MISMATCH_WAIT;
    } else if (request.purpose === 'clear') {
      // Gone already (437), or made with other credentials (441) and about to end: try again.
      if (code === 437 || code === 441) this.#allocateAt = now + MISMATCH_WAIT;
      else this.#close('TURN_REFUSED', said);
    } else if (allocating && code === 440 && this.#family === 4) {
      this.#family = 6;
      this.#allocate(now);
    } else if (code === 300) {
      this.#close('TURN_ALTERNATE', said, message.get('ALTERNATE-SERVER'));
    } else if (code === 401 || code === 441) {
      this.#close('TURN_UNAUTHORIZED', said);
    } else if (code === 437) {
      this.#close('TURN_LOST', said);
    } else {
      this.#close('TURN_REFUSED', said);
    }
  }

  #onIndication(message: StunMessage): { remote: Endpoint; bytes: Uint8Array } | undefined {
    if (message.method !== STUN_METHOD.data || this.#state !== 'allocated') return undefined;
    const remote = message.get('XOR-PEER-ADDRESS');
    const bytes = message.get('DATA');
    if (remote === undefined || bytes === undefined) return undefined;
    return this.#channels.permits(remote.address) ? { remote, bytes } : undefined;
  }

  #unbind(channel: TurnChannel): void {
    this.#channels.remove(channel);
    this.#outputs.push({ type: 'unbindChannel', channel });
  }

  #close(code: string, message: string, alternate?: Endpoint): void {
    this.#end();
    const error = new EvioError(code, message);
    this.#outputs.push({
      type: 'closed',
      error,
      ...(alternate === undefined ? {} : { alternate }),
    });
  }

  #end(): void {
    this.#state = 'closed';
    for (const channel of [...this.#channels]) this.#unbind(channel);
  }
}
