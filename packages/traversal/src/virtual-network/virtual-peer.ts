import type { Candidate, Endpoint } from '@evio/types';
import { endpointKey } from '../address.ts';
import { wireCandidate } from '../candidate.ts';
import { CandidateGatherer, type GathererOutput } from '../gatherer.ts';
import { IceAgent } from '../ice-agent.ts';
import type { IceOutput, SelectedPair } from '../ice-output.ts';
import type { IceServer, ServerVia, StreamId, Uplink } from '../ice-server.ts';
import type { IceTiming } from '../ice-timing.ts';
import { type Arrival, StunDemux } from '../stun-demux.ts';
import type { Packet } from './realm.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { TurnServerModel } from './turn-server-model.ts';
import type { VirtualClock } from './virtual-clock.ts';
import type { VirtualHost } from './virtual-host.ts';

/** One end of a link as a test sees it. */
export interface Link {
  readonly agent: IceAgent;
  /** When the first `selected` came; undefined before. */
  firstSelectedAt?: number;
  /** When the first direct one came. */
  firstDirectAt?: number;
  selected?: { pair: SelectedPair; nominated: boolean };
  readonly states: { at: number; state: string }[];
  /** Told of each candidate of ours that came after the start. */
  trickle: (candidate: Candidate) => void;
}

/**
 * A node without overlay: what the adapter in `agent` and the datapath do for traversal, on a
 * virtual host. Shows how the parts fit together.
 */
export class VirtualPeer {
  readonly host: VirtualHost;
  readonly gatherer: CandidateGatherer;
  readonly demux: StunDemux;
  readonly links = new Set<Link>();
  /** Datagrams that are not STUN, with who sent them. */
  readonly received: string[] = [];
  readonly #clock: VirtualClock;
  readonly #random: SeededRandom;
  readonly #servers: readonly TurnServerModel[];
  readonly #channels = new Map<string, Endpoint>();
  readonly #streams = new Map<StreamId, TurnServerModel>();
  #wakeAt = Number.POSITIVE_INFINITY;

  constructor(
    clock: VirtualClock,
    random: SeededRandom,
    host: VirtualHost,
    servers: readonly TurnServerModel[],
  ) {
    this.#clock = clock;
    this.#random = random;
    this.#servers = servers;
    this.host = host;
    const random4 = random.bytes;
    const { port } = host;
    this.gatherer = new CandidateGatherer({ random: random4, port4: port, port6: port });
    this.demux = new StunDemux(this.gatherer);
    host.onDatagram = packet => this.#onPacket(packet);
  }

  start(servers: readonly IceServer[]): void {
    this.gatherer.setServers(this.#clock.now, servers);
    this.gatherer.setLocalAddresses(this.#clock.now, this.host.addresses);
    this.pump();
  }

  /** A new link; the caller does the signaling. */
  link(role: 'controlling' | 'controlled', timing: Partial<IceTiming> = {}): Link {
    const agent = new IceAgent({ role, random: this.#random.bytes, timing });
    const link: Link = { agent, states: [], trickle: () => {} };
    this.links.add(link);
    this.demux.add(agent);
    for (const candidate of this.gatherer.candidates) {
      agent.addLocalCandidate(this.#clock.now, candidate);
    }
    return link;
  }

  drop(link: Link): void {
    this.links.delete(link);
    this.demux.remove(link.agent);
  }

  /** Performs everything that is to be done and plans the next waking. Call after each input. */
  pump(): void {
    const { gatherer } = this;
    for (let busy = true; busy; ) {
      busy = false;
      for (const link of this.links) {
        for (let out = link.agent.poll(); out; out = link.agent.poll()) {
          busy = true;
          this.#performIce(link, out);
        }
      }
      for (let out = gatherer.poll(); out; out = gatherer.poll()) {
        busy = true;
        this.#performGatherer(out);
      }
    }
    let next = gatherer.nextTimeout() ?? Number.POSITIVE_INFINITY;
    for (const { agent } of this.links) {
      next = Math.min(next, agent.nextTimeout() ?? Number.POSITIVE_INFINITY);
    }
    next = Math.max(next, this.#clock.now + 0.1);
    if (next >= this.#wakeAt || next === Number.POSITIVE_INFINITY) return;
    this.#wakeAt = next;
    this.#clock.at(next, () => {
      if (this.#wakeAt !== next) return;
      this.#wakeAt = Number.POSITIVE_INFINITY;
      gatherer.tick(this.#clock.now);
      for (const { agent } of this.links) agent.tick(this.#clock.now);
      this.pump();
    });
  }

  /** Sends application bytes on the selected pair, as the datapath would. */
  sendText(link: Link, text: string): void {
    const pair = link.selected?.pair;
    if (pair === undefined) return;
    const bytes = Buffer.from(`\xc0${text}`, 'latin1');
    if (pair.base.kind === 'host') {
      this.host.send(pair.remote, bytes, pair.base.local.address);
    } else {
      const { allocation } = pair.base;
      const via = this.gatherer.channel(this.#clock.now, allocation, pair.remote);
      if (via) this.#transmit(bytes, { kind: 'turn', ...via });
    }
    this.pump();
  }

  #performIce(link: Link, output: IceOutput): void {
    const { now } = this.#clock;
    if (output.type === 'transmit') {
      const { base, remote, bytes } = output;
      if (base.kind === 'host') this.host.send(remote, bytes, base.local.address);
      else this.gatherer.send(now, base.allocation, remote, bytes);
    } else if (output.type === 'selected') {
      link.selected = output;
      link.firstSelectedAt ??= now;
      if (!output.pair.relayed) link.firstDirectAt ??= now;
    } else {
      link.states.push({ at: now, state: output.state });
    }
  }

  #performGatherer(output: GathererOutput): void {
    const { now } = this.#clock;
    switch (output.type) {
      case 'transmit':
        this.#transmit(output.bytes, output.via);
        return;
      case 'candidates':
        for (const { agent, trickle } of this.links) {
          for (const candidate of output.removed) agent.removeLocalCandidate(now, candidate);
          for (const candidate of output.added) {
            agent.addLocalCandidate(now, candidate);
            trickle(wireCandidate(candidate));
          }
        }
        return;
      case 'bindChannel':
        this.#channels.set(channelKey(output.uplink, output.channel), output.remote);
        return;
      case 'unbindChannel':
        this.#channels.delete(channelKey(output.uplink, output.channel));
        return;
      case 'openStream': {
        const server = this.#servers.find(
          other => other.endpoint.address === output.remote.address,
        );
        if (server === undefined || server.silent) return;
        this.#streams.set(output.stream, server);
        const opened = now + (output.tls ? 60 : 20);
        this.#clock.at(opened, () => {
          this.gatherer.onStream(this.#clock.now, output.stream, 'open');
          this.pump();
        });
        return;
      }
      case 'closeStream':
        this.#streams.delete(output.stream);
        return;
      default:
        output satisfies never;
    }
  }

  #transmit(bytes: Uint8Array, via: ServerVia): void {
    const { uplink } = via;
    const wire = via.kind === 'turn' ? channelData(via.channel, bytes) : bytes;
    if (uplink.kind === 'udp') {
      this.host.send(uplink.server, wire, uplink.source);
      return;
    }
    const { stream } = uplink;
    const server = this.#streams.get(stream);
    if (server === undefined) return;
    const client = { address: '192.0.2.254', port: 1024 + Number(stream) };
    const key = `stream ${this.host.addresses[0]} ${stream}`;
    this.#clock.at(this.#clock.now + 10, () => {
      server.onStream(key, client, wire, answer => {
        this.#clock.at(this.#clock.now + 10, () => {
          if (this.#streams.has(stream)) {
            this.#onBytes(answer, { kind: 'stream', stream }, { kind: 'stream', stream });
          }
        });
      });
    });
  }

  #onPacket({ source, destination, bytes }: Packet): void {
    const uplink: Uplink = { kind: 'udp', server: source };
    this.#onBytes(bytes, { kind: 'host', local: destination, remote: source }, uplink);
  }

  #onBytes(bytes: Uint8Array, arrival: Arrival, uplink: Uplink): void {
    const { now } = this.#clock;
    const [first = 0xff] = bytes;
    if (first <= 3) {
      const inner = this.demux.receive(now, bytes, arrival);
      if (inner) this.received.push(Buffer.from(inner.bytes.subarray(1)).toString());
    } else if (first >= 0x40 && first <= 0x4f && bytes.length >= 4) {
      const view = Buffer.from(bytes);
      const channel = view.readUInt16BE(0);
      const remote = this.#channels.get(channelKey(uplink, channel));
      const inner = view.subarray(4, 4 + view.readUInt16BE(2));
      if (remote && (inner[0] ?? 0xff) <= 3) {
        this.demux.receive(now, inner, { kind: 'channel', uplink, channel });
      } else if (remote) this.received.push(inner.subarray(1).toString());
    } else if (first >= 0xc0) {
      this.received.push(Buffer.from(bytes.subarray(1)).toString());
    }
    this.pump();
  }
}

/** ICE servers of a model: UDP, and TCP when asked for. */
export function serversOf(
  model: TurnServerModel,
  transports: readonly IceServer['transport'][] = ['udp', 'tcp'],
): IceServer[] {
  return transports.map(transport => ({
    kind: 'turn',
    transport,
    endpoint: model.endpoint,
    username: 'user',
    credential: 'secret',
  }));
}

function channelKey(uplink: Uplink, channel: number): string {
  const server = uplink.kind === 'udp' ? endpointKey(uplink.server) : `${uplink.stream}`;
  return `${uplink.kind} ${server} ${channel}`;
}

function channelData(channel: number, bytes: Uint8Array): Uint8Array {
  const header = Buffer.alloc(4);
  header.writeUInt16BE(channel, 0);
  header.writeUInt16BE(bytes.length, 2);
  return Buffer.concat([header, bytes]);
}
