import { type Endpoint, EvioError, sameEndpoint } from '@evio/types';
import type { AllocationId } from './candidate.ts';
import type { IceServer, ServerVia, StreamId, Uplink } from './ice-server.ts';
import type { StunMessage } from './stun-message.ts';
import { TurnAllocation, type TurnOutput } from './turn-allocation.ts';

/** What a TURN client wants done by those below. */
export type TurnServerOutput =
  | { readonly type: 'transmit'; readonly bytes: Uint8Array; readonly via: ServerVia }
  | {
      readonly type: 'openStream';
      readonly stream: StreamId;
      readonly remote: Endpoint;
      readonly tls?: { readonly serverName: string };
    }
  | { readonly type: 'closeStream'; readonly stream: StreamId }
  | {
      readonly type: 'bindChannel' | 'unbindChannel';
      readonly uplink: Uplink;
      readonly channel: number;
      readonly remote: Endpoint;
    };

/** What an attempt tells its server beyond that. */
export type AttemptOutput =
  | TurnServerOutput
  | Extract<TurnOutput, { type: 'allocated' }>
  | Extract<TurnOutput, { type: 'closed' }>;

/** Hands out names that are unique in the process. */
export interface Naming {
  allocation(): AllocationId;
  stream(): StreamId;
}

const STREAM_OPEN_TIMEOUT = 6000;

/** One transport to a TURN server with the allocation over it: being tried, or in use. */
export class TurnAttempt {
  readonly id: AllocationId;
  readonly server: IceServer;
  readonly uplink: Uplink;
  readonly allocation: TurnAllocation;
  readonly #outputs: AttemptOutput[] = [];
  /** By when the stream must be open. */
  #openBy = Number.POSITIVE_INFINITY;

  /** `server` has credentials. */
  constructor(
    now: number,
    server: IceServer,
    naming: Naming,
    random: (bytes: number) => Uint8Array,
  ) {
    const { transport, endpoint, username = '', credential: password = '' } = server;
    this.id = naming.allocation();
    this.server = server;
    this.uplink =
      transport === 'udp'
        ? { kind: 'udp', server: endpoint }
        : { kind: 'stream', stream: naming.stream() };
    const reliable = this.uplink.kind === 'stream';
    this.allocation = new TurnAllocation({ random, credentials: { username, password }, reliable });
    if (this.uplink.kind === 'udp') {
      this.allocation.start(now);
      return;
    }
    this.#openBy = now + STREAM_OPEN_TIMEOUT;
    const serverName = server.serverName ?? endpoint.address;
    const tls = transport === 'tls' ? { tls: { serverName } } : {};
    const { stream } = this.uplink;
    this.#outputs.push({ type: 'openStream', stream, remote: endpoint, ...tls });
  }

  /** Whether this is the stream we go over. */
  uses(stream: StreamId): boolean {
    return this.uplink.kind === 'stream' && this.uplink.stream === stream;
  }

  /** Whether a message that came `from` there is for us. */
  expects(
    message: StunMessage,
    from: { readonly stream: StreamId } | { readonly remote: Endpoint },
  ): boolean {
    const { uplink } = this;
    const here =
      'stream' in from
        ? this.uses(from.stream)
        : uplink.kind === 'udp' && sameEndpoint(uplink.server, from.remote);
    return (
      here && (message.class === 'indication' || this.allocation.awaits(message.transactionId))
    );
  }

  onStream(now: number, state: 'open' | 'closed', error?: string): void {
    if (state === 'open') {
      this.#openBy = Number.POSITIVE_INFINITY;
      this.allocation.start(now);
    } else {
      this.#fail(error ?? 'the TURN server closed the connection');
    }
  }

  tick(now: number): void {
    if (now >= this.#openBy) {
      const { transport } = this.server;
      this.#fail(`no ${transport} connection to the TURN server within ${STREAM_OPEN_TIMEOUT} ms`);
    }
    this.allocation.tick(now);
  }

  nextTimeout(): number {
    return Math.min(this.#openBy, this.allocation.nextTimeout() ?? Number.POSITIVE_INFINITY);
  }

  /** Ends it, and says goodbye to the server; what is to be sent for that comes from {@link poll}. */
  abandon(now: number): void {
    this.allocation.release(now);
    this.#collect();
    this.#closeStream();
  }

  poll(): AttemptOutput | undefined {
    this.#collect();
    return this.#outputs.shift();
  }

  #fail(why: string): void {
    this.#openBy = Number.POSITIVE_INFINITY;
    this.#outputs.push({ type: 'closed', error: new EvioError('TURN_STREAM', why) });
  }

  #closeStream(): void {
    if (this.uplink.kind !== 'stream') return;
    this.#outputs.push({ type: 'closeStream', stream: this.uplink.stream });
  }

  /** Adds the way to what the allocation wants. */
  #collect(): void {
    const { allocation, uplink } = this;
    for (let output = allocation.poll(); output !== undefined; output = allocation.poll()) {
      switch (output.type) {
        case 'transmit':
          this.#outputs.push({ ...output, via: { kind: 'uplink', uplink } });
          break;
        case 'channelData': {
          const { channel, remote } = output.channel;
          const via = { kind: 'turn', uplink, channel, remote } as const;
          this.#outputs.push({ type: 'transmit', bytes: output.bytes, via });
          break;
        }
        case 'bindChannel':
        case 'unbindChannel': {
          const { channel, remote } = output.channel;
          this.#outputs.push({ type: output.type, uplink, channel, remote });
          break;
        }
        case 'allocated':
        case 'closed':
          this.#outputs.push(output);
          break;
        default:
          output satisfies never;
      }
    }
  }
}
