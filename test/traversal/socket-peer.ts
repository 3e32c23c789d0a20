import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket as TcpSocket } from 'node:net';
import {
  CandidateGatherer,
  type GathererOutput,
  IceAgent,
  type IceServer,
  type ServerVia,
  type StreamId,
  StunDemux,
  type Uplink,
} from '@evio/traversal';

/** How often what is due is done; real time has no events of its own here. Milliseconds. */
const TICK = 5;

/**
 * Traversal on real sockets of the loopback interface, without datapath: enough to try it against
 * real servers.
 */
export class SocketPeer {
  readonly gatherer: CandidateGatherer;
  readonly agent: IceAgent;
  readonly received: string[] = [];
  readonly #demux: StunDemux;
  readonly #socket: Socket;
  readonly #port: number;
  readonly #streams = new Map<StreamId, TcpSocket>();
  readonly #timer: NodeJS.Timeout;

  constructor(socket: Socket, role: 'controlling' | 'controlled') {
    const random = (bytes: number) => new Uint8Array(randomBytes(bytes));
    this.#socket = socket;
    this.#port = socket.address().port;
    this.gatherer = new CandidateGatherer({ random, port4: this.#port, allowLoopback: true });
    this.#demux = new StunDemux(this.gatherer);
    this.agent = new IceAgent({ role, random });
    this.#demux.add(this.agent);
    socket.on('message', (bytes, remote) => {
      const local = { address: '127.0.0.1', port: this.#port };
      const arrival = { kind: 'host', local, remote } as const;
      this.#onBytes(bytes, arrival, { kind: 'udp', server: remote });
    });
    this.#timer = setInterval(() => {
      this.gatherer.tick(performance.now());
      this.agent.tick(performance.now());
      this.#pump();
    }, TICK);
  }

  static async open(role: 'controlling' | 'controlled', port = 0): Promise<SocketPeer> {
    const socket = createSocket('udp4').bind(port, '127.0.0.1');
    await once(socket, 'listening');
    return new SocketPeer(socket, role);
  }

  get port(): number {
    return this.#port;
  }

  start(servers: readonly IceServer[]): void {
    this.gatherer.setServers(performance.now(), servers);
    this.gatherer.setLocalAddresses(performance.now(), ['127.0.0.1']);
    this.#pump();
  }

  /** Sends on the selected pair. */
  send(text: string): void {
    const pair = this.agent.selected;
    const bytes = Buffer.from(`\xc0${text}`, 'latin1');
    if (pair?.base.kind === 'host') this.#socket.send(bytes, pair.remote.port, pair.remote.address);
    else if (pair?.base.kind === 'relay') {
      const { allocation } = pair.base;
      const via = this.gatherer.channel(performance.now(), allocation, pair.remote);
      if (via) this.#transmit(bytes, { kind: 'turn', ...via });
    }
    this.#pump();
  }

  /** `graceful`: relays are given back first; else as if killed. */
  close({ graceful = true } = {}): void {
    if (graceful) this.gatherer.close(performance.now());
    this.#pump();
    clearInterval(this.#timer);
    for (const stream of this.#streams.values()) stream.destroy();
    this.#socket.close();
  }

  #pump(): void {
    for (let out = this.agent.poll(); out; out = this.agent.poll()) {
      if (out.type !== 'transmit') continue;
      const { base, remote, bytes } = out;
      if (base.kind === 'host') this.#socket.send(bytes, remote.port, remote.address);
      else this.gatherer.send(performance.now(), base.allocation, remote, bytes);
    }
    for (let out = this.gatherer.poll(); out; out = this.gatherer.poll()) this.#perform(out);
  }

  #perform(output: GathererOutput): void {
    const now = performance.now();
    switch (output.type) {
      case 'transmit':
        this.#transmit(output.bytes, output.via);
        return;
      case 'candidates':
        for (const candidate of output.removed) this.agent.removeLocalCandidate(now, candidate);
        for (const candidate of output.added) this.agent.addLocalCandidate(now, candidate);
        return;
      case 'openStream':
        this.#openStream(output.stream, output.remote.port);
        return;
      case 'closeStream':
        this.#streams.get(output.stream)?.destroy();
        this.#streams.delete(output.stream);
        return;
      default: // channels are known to the gatherer, which is asked for each datagram here
    }
  }

  #openStream(id: StreamId, port: number): void {
    const stream = connect(port, '127.0.0.1');
    this.#streams.set(id, stream);
    let buffered = Buffer.alloc(0);
    stream.on('connect', () => this.#onStream(id, 'open'));
    stream.on('error', () => this.#onStream(id, 'closed'));
    stream.on('close', () => this.#onStream(id, 'closed'));
    stream.on('data', data => {
      buffered = Buffer.concat([buffered, data]);
      while (buffered.length >= 4) {
        const body = buffered.readUInt16BE(2);
        // RFC 8656 §12.5: over a stream ChannelData is padded to four bytes.
        const length = (buffered[0] ?? 0) <= 3 ? 20 + body : 4 + body + (-body & 3);
        if (buffered.length < length) break;
        const arrival = { kind: 'stream', stream: id } as const;
        this.#onBytes(buffered.subarray(0, length), arrival, arrival);
        buffered = buffered.subarray(length);
      }
    });
  }

  #onStream(id: StreamId, state: 'open' | 'closed'): void {
    this.gatherer.onStream(performance.now(), id, state);
    this.#pump();
  }

  #transmit(bytes: Uint8Array, via: ServerVia): void {
    const { uplink } = via;
    let wire = bytes;
    if (via.kind === 'turn') {
      const header = Buffer.alloc(4);
      header.writeUInt16BE(via.channel, 0);
      header.writeUInt16BE(bytes.length, 2);
      wire = Buffer.concat([header, bytes, Buffer.alloc(-bytes.length & 3)]);
    }
    if (uplink.kind === 'stream') this.#streams.get(uplink.stream)?.write(wire);
    else this.#socket.send(wire, uplink.server.port, uplink.server.address);
  }

  #onBytes(
    bytes: Uint8Array,
    arrival: Exclude<Parameters<StunDemux['receive']>[2], { kind: 'channel' }>,
    uplink: Uplink,
  ): void {
    const now = performance.now();
    const view = Buffer.from(bytes);
    const [first = 0xff] = view;
    if (first <= 3) {
      this.#demux.receive(now, view, arrival);
    } else if (first >= 0x40 && first <= 0x4f) {
      const channel = view.readUInt16BE(0);
      const inner = view.subarray(4, 4 + view.readUInt16BE(2));
      if ((inner[0] ?? 0xff) <= 3) {
        this.#demux.receive(now, inner, { kind: 'channel', uplink, channel });
      } else this.received.push(inner.subarray(1).toString());
    } else this.received.push(view.subarray(1).toString());
    this.#pump();
  }
}
