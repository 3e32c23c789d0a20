import type {
  Datapath,
  DatapathEvent,
  StreamHandle,
  UnderlayPath,
  Uplink,
  Via,
} from '@evio/datapath';
import {
  type Arrival,
  type Base,
  CandidateGatherer,
  type GathererOutput,
  type Uplink as GathererUplink,
  type IceAgent,
  type IceServer,
  type LocalCandidate,
  type SelectedPair,
  type StreamId,
  StunDemux,
  wireCandidate,
} from '@evio/traversal';
import { addressFamily, type Candidate, type Endpoint, formatEndpoint } from '@evio/types';
import { type LocalAddressOptions, type Logger, localAddresses } from '../system/index.ts';
import { type NamedServer, resolveServers } from './resolve-servers.ts';
import { WakeUp } from './wake-up.ts';

/** What the owner of an ICE agent is told. */
export interface AgentOwner {
  /** Its agent got a message: see what it wants. */
  readonly wake: () => void;
  /** Candidates came up after the agent was attached: tell the peer. */
  readonly found: (candidates: readonly Candidate[]) => void;
}

export interface UnderlayOptions {
  readonly datapath: Datapath;
  readonly random: (bytes: number) => Uint8Array;
  readonly logger: Logger;
  /** A handshake datagram came; answer on `via`. */
  readonly onHandshake: (bytes: Uint8Array, via: Via) => void;
  /**
   * The ways to this host changed. `reconnect`: even established TCP connections are in doubt,
   * because our own addresses changed.
   */
  readonly onGroundChanged: (reason: string, change: { readonly reconnect: boolean }) => void;
}

/**
 * What all links of a node share beneath them: the UDP socket (in the datapath), the candidates that
 * lead to it, the STUN and TURN servers that tell and extend them. It carries values between the
 * sans-IO parts of `traversal` and the datapath.
 */
export class Underlay {
  readonly #options: UnderlayOptions;
  readonly #datapath: Datapath;
  readonly #gatherer: CandidateGatherer;
  readonly #demux: StunDemux;
  readonly #wake: WakeUp;
  readonly #owners = new Map<IceAgent, AgentOwner>();
  /** Servers by the overlay that named them. */
  readonly #servers = new Map<string, { named: readonly NamedServer[]; resolved: IceServer[] }>();
  /** PEM of the authorities for a server's name. */
  readonly #authorities = new Map<string, string>();
  readonly #handles = new Map<StreamId, StreamHandle>();
  readonly #streams = new Map<StreamHandle, StreamId>();
  #addressOptions: LocalAddressOptions = { ignore: [], own: [], ownAddresses: [] };
  #addresses: readonly string[] = [];

  constructor(options: UnderlayOptions) {
    const { datapath, random } = options;
    this.#options = options;
    this.#datapath = datapath;
    this.#gatherer = new CandidateGatherer({
      random,
      ...(datapath.port4 !== undefined && { port4: datapath.port4 }),
      ...(datapath.port6 !== undefined && { port6: datapath.port6 }),
    });
    this.#demux = new StunDemux(this.#gatherer, agent => this.#owners.get(agent)?.wake());
    this.#wake = new WakeUp(now => this.#run(now));
  }

  /** Our candidates as of now. */
  get candidates(): readonly LocalCandidate[] {
    return this.#gatherer.candidates;
  }

  /** What was dropped, by reason. */
  counters(): Record<string, number> {
    const { malformed, unknownRelay, unknownTransaction, unknownUfrag } = this.#demux.counters;
    return {
      stunMalformed: malformed,
      stunUnknownRelay: unknownRelay,
      stunUnknownTransaction: unknownTransaction,
      stunUnknownUfrag: unknownUfrag,
    };
  }

  /** Which of the host's addresses are offered; they are read again whenever they change. */
  useAddresses(options: LocalAddressOptions): void {
    this.#addressOptions = options;
    this.#readAddresses();
  }

  /** The servers that one overlay names; `ca` for those that are asked over TLS. */
  setServers(overlay: string, named: readonly NamedServer[], { ca }: { ca?: string } = {}): void {
    for (const { host } of named) if (ca !== undefined) this.#authorities.set(host, ca);
    const entry = { named, resolved: this.#servers.get(overlay)?.resolved ?? [] };
    this.#servers.set(overlay, entry);
    void resolveServers(named, performance.now()).then(({ servers, errors }) => {
      if (this.#servers.get(overlay) !== entry) return; // newer ones came meanwhile
      for (const error of errors) this.#options.logger.warn(error.message);
      entry.resolved = servers;
      this.#useServers();
    });
  }

  /** Gives `agent` our candidates, now and later, and the messages that are for it. */
  attach(agent: IceAgent, owner: AgentOwner): () => void {
    const now = performance.now();
    this.#owners.set(agent, owner);
    this.#demux.add(agent);
    for (const candidate of this.candidates) agent.addLocalCandidate(now, candidate);
    return () => {
      this.#owners.delete(agent);
      this.#demux.remove(agent);
    };
  }

  /** Sends from a base of ours to a peer. */
  transmit(bytes: Uint8Array, base: Base, remote: Endpoint): void {
    if (base.kind === 'host') {
      this.#datapath.send(bytes, { kind: 'direct', remote, source: base.local.address });
    } else {
      this.#gatherer.send(performance.now(), base.allocation, remote, bytes);
      this.#wake.soon();
    }
  }

  /** The datapath's path for a selected pair; undefined when its relay is gone. */
  pathOf({ base, remote }: SelectedPair): UnderlayPath | undefined {
    if (base.kind === 'host') return { kind: 'direct', remote, source: base.local.address };
    const found = this.#gatherer.channel(performance.now(), base.allocation, remote);
    this.#wake.soon();
    const uplink = found && this.#toDatapath(found.uplink);
    return found && uplink && { kind: 'turn', uplink, channel: found.channel, remote };
  }

  /** For people: our end of a relayed path, and the server in between. */
  relayOf({ uplink, channel }: UnderlayPath & { kind: 'turn' }): {
    relayed?: Endpoint;
    server?: string;
  } {
    const known = this.#toGatherer(uplink);
    const base = known && this.#gatherer.originOf(known, channel)?.base;
    return base?.kind === 'relay'
      ? { relayed: base.relayed, server: this.#serverName(uplink, base.relayed) }
      : {};
  }

  /** The local port that datagrams to `remote` leave from. */
  portTo({ address }: Endpoint): number {
    const { port4, port6 } = this.#datapath;
    return (addressFamily(address) === 4 ? port4 : port6) ?? 0;
  }

  /** A path went quiet: our NAT may have forgotten us. Asks the servers. */
  verify(): void {
    this.#gatherer.verify(performance.now());
    this.#wake.soon();
  }

  /** An event of the datapath that concerns no peer. */
  observe(event: Extract<DatapathEvent, { type: 'datagram' | 'stream' | 'network' }>): void {
    switch (event.type) {
      case 'datagram':
        this.#onDatagram(event);
        break;
      case 'stream': {
        const stream = this.#streams.get(event.stream);
        if (stream === undefined) return;
        if (event.state === 'closed') this.#forget(stream);
        this.#gatherer.onStream(performance.now(), stream, event.state, event.error);
        break;
      }
      case 'network':
        if (this.#readAddresses()) {
          this.#options.onGroundChanged('addresses changed', { reconnect: true });
          this.#resolveAgain();
        } else {
          this.#gatherer.verify(performance.now());
        }
        break;
      default:
        event satisfies never;
    }
    this.#wake.soon();
  }

  /** Gives the relays back. */
  stop(): void {
    this.#gatherer.close(performance.now());
    this.#drain();
    this.#wake.stop();
  }

  #run(now: number): number | undefined {
    this.#gatherer.tick(now);
    this.#drain();
    return this.#gatherer.nextTimeout();
  }

  #drain(): void {
    for (let out = this.#gatherer.poll(); out !== undefined; out = this.#gatherer.poll()) {
      this.#perform(out);
    }
  }

  #perform(output: GathererOutput): void {
    switch (output.type) {
      case 'transmit': {
        const uplink = this.#toDatapath(output.via.uplink);
        if (uplink !== undefined) this.#datapath.send(output.bytes, { ...output.via, uplink });
        break;
      }
      case 'openStream': {
        const { remote, stream, tls } = output;
        const ca = tls && this.#authorities.get(tls.serverName);
        const handle = this.#datapath.openStream({
          remote,
          ...(tls && { tls: { ...tls, ...(ca !== undefined && { ca }) } }),
        });
        this.#handles.set(stream, handle);
        this.#streams.set(handle, stream);
        break;
      }
      case 'closeStream': {
        const handle = this.#handles.get(output.stream);
        this.#forget(output.stream);
        if (handle !== undefined) this.#datapath.closeStream(handle);
        break;
      }
      case 'bindChannel':
      case 'unbindChannel': {
        const uplink = this.#toDatapath(output.uplink);
        if (uplink === undefined) break;
        const { channel, remote } = output;
        if (output.type === 'bindChannel') this.#datapath.bindChannel(uplink, channel, remote);
        else this.#datapath.unbindChannel(uplink, channel);
        break;
      }
      case 'candidates':
        this.#onCandidates(output.added, output.removed);
        break;
      default:
        output satisfies never;
    }
  }

  #onCandidates(added: readonly LocalCandidate[], removed: readonly LocalCandidate[]): void {
    const now = performance.now();
    const { logger, onGroundChanged } = this.#options;
    logger.debug({ added: added.map(show), removed: removed.map(show) }, 'candidates');
    for (const [agent, owner] of this.#owners) {
      for (const candidate of removed) agent.removeLocalCandidate(now, candidate);
      for (const candidate of added) agent.addLocalCandidate(now, candidate);
      if (added.length > 0) owner.found(added.map(wireCandidate));
      owner.wake();
    }
    const moved = removed.filter(candidate => this.#mappingIsGone(candidate));
    if (moved.length === 0) return;
    // From another public address, even established TCP connections go nowhere.
    const seen = new Set(this.candidates.map(({ endpoint }) => endpoint.address));
    const reconnect = moved.some(({ endpoint }) => !seen.has(endpoint.address));
    onGroundChanged('the NAT maps us elsewhere', { reconnect });
  }

  /** Whether a server-reflexive candidate went although its local address is still there. */
  #mappingIsGone({ type, base }: LocalCandidate): boolean {
    return type === 'srflx' && base.kind === 'host' && this.#addresses.includes(base.local.address);
  }

  #onDatagram({ bytes, via, local }: Extract<DatapathEvent, { type: 'datagram' }>): void {
    const [first = 0xff] = bytes;
    if (first > 3) {
      this.#options.onHandshake(bytes, via);
      return;
    }
    const arrival = this.#arrival(via, local);
    if (arrival === undefined) return;
    const relayed = this.#demux.receive(performance.now(), bytes, arrival);
    if (relayed === undefined || relayed.base.kind !== 'relay') return;
    const { allocation } = relayed.base;
    const channel = this.#gatherer.channel(performance.now(), allocation, relayed.remote);
    const uplink = channel && this.#toDatapath(channel.uplink);
    if (channel && uplink) {
      this.#options.onHandshake(relayed.bytes, { kind: 'turn', ...channel, uplink });
    }
  }

  /** Where a datagram came from, in the words of the demultiplexer. */
  #arrival(via: Via, local: Endpoint | undefined): Arrival | undefined {
    switch (via.kind) {
      case 'direct':
        return local && { kind: 'host', local, remote: via.remote };
      case 'turn': {
        const uplink = this.#toGatherer(via.uplink);
        return uplink && { kind: 'channel', uplink, channel: via.channel };
      }
      case 'uplink': {
        if (via.uplink.kind === 'udp') {
          return local && { kind: 'host', local, remote: via.uplink.server };
        }
        const stream = this.#streams.get(via.uplink.stream);
        return stream === undefined ? undefined : { kind: 'stream', stream };
      }
      case 'overlay':
        return undefined; // ICE is for the underlay
      default:
        return via satisfies never;
    }
  }

  /** @returns whether the host's addresses are others than before. */
  #readAddresses(): boolean {
    const before = this.#addresses;
    this.#addresses = localAddresses(this.#addressOptions).map(({ address }) => address);
    const changed = before.join() !== this.#addresses.join();
    if (changed) this.#gatherer.setLocalAddresses(performance.now(), this.#addresses);
    this.#wake.soon();
    return changed && before.length > 0;
  }

  #useServers(): void {
    const all = [...this.#servers.values()].flatMap(({ resolved }) => resolved);
    // Several overlays may name one server: an allocation belongs to the socket, so one is enough.
    const unique = new Map(all.map(server => [serverKey(server), server]));
    this.#gatherer.setServers(performance.now(), [...unique.values()]);
    this.#wake.soon();
  }

  /** In another network a name may have other addresses, or have any at last. */
  #resolveAgain(): void {
    for (const [overlay, { named }] of this.#servers) this.setServers(overlay, named);
  }

  #forget(stream: StreamId): void {
    const handle = this.#handles.get(stream);
    this.#handles.delete(stream);
    if (handle !== undefined) this.#streams.delete(handle);
  }

  #toDatapath(uplink: GathererUplink): Uplink | undefined {
    if (uplink.kind === 'udp') return uplink;
    const stream = this.#handles.get(uplink.stream);
    return stream === undefined ? undefined : { kind: 'stream', stream };
  }

  #toGatherer(uplink: Uplink): GathererUplink | undefined {
    if (uplink.kind === 'udp') return uplink;
    const stream = this.#streams.get(uplink.stream);
    return stream === undefined ? undefined : { kind: 'stream', stream };
  }

  #serverName(uplink: Uplink, relayed: Endpoint): string {
    return uplink.kind === 'udp' ? formatEndpoint(uplink.server) : `${relayed.address} (stream)`;
  }
}

function serverKey({ kind, transport, endpoint }: IceServer): string {
  return `${kind} ${transport} ${formatEndpoint(endpoint)}`;
}

function show({ type, endpoint }: LocalCandidate): string {
  return `${type} ${formatEndpoint(endpoint)}`;
}
