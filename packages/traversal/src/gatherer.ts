import { addressFamily, type Endpoint, sameEndpoint } from '@evio/types';
import { canonicalAddress, canonicalEndpoint, endpointKey, isCandidateAddress } from './address.ts';
import type { AllocationId, Base, LocalCandidate } from './candidate.ts';
import type { IceServer, StreamId, Uplink } from './ice-server.ts';
import { localCandidates, type Mapping } from './local-candidates.ts';
import { StunBinding } from './stun-binding.ts';
import type { StunMessage } from './stun-message.ts';
import type { Naming, TurnServerOutput } from './turn-attempt.ts';
import { TurnServer } from './turn-server.ts';

export type GathererOutput =
  | TurnServerOutput
  | {
      readonly type: 'candidates';
      readonly added: readonly LocalCandidate[];
      readonly removed: readonly LocalCandidate[];
    };

/** Where a STUN message came from. */
export type ServerArrival =
  | { readonly kind: 'host'; readonly local: Endpoint; readonly remote: Endpoint }
  | { readonly kind: 'stream'; readonly stream: StreamId };

/** A datagram that a peer sent to our relayed address. */
export interface RelayedDatagram {
  readonly base: Base;
  readonly remote: Endpoint;
  readonly bytes: Uint8Array;
}

export interface GathererOptions {
  readonly random: (bytes: number) => Uint8Array;
  /** The ports of the shared sockets; a family without one has no candidates. */
  readonly port4?: number;
  readonly port6?: number;
  /** For tests on one machine. */
  readonly allowLoopback?: boolean;
}

/** More tell nothing new and cost a keepalive each. */
const MAX_STUN_SERVERS = 3;
/** How long signaling may wait for server-reflexive and relayed candidates. Milliseconds. */
export const GATHERING_PATIENCE = 250;

/**
 * Knows all our candidates (RFC 8445 §5.1.1), for all links at once: host addresses, what they are
 * mapped to, and one relay per TURN server; keeps them alive and reports each change. Sans-IO.
 */
export class CandidateGatherer {
  readonly #options: GathererOptions;
  readonly #naming: Naming;
  readonly #outputs: GathererOutput[] = [];
  readonly #bindings = new Map<string, StunBinding>();
  readonly #turnServers = new Map<string, TurnServer>();
  #addresses: readonly string[] = [];
  #stunServers: readonly Endpoint[] = [];
  #candidates = new Map<string, LocalCandidate>();
  #startedAt: number | undefined;

  constructor(options: GathererOptions) {
    this.#options = options;
    let allocations = 0;
    let streams = 0;
    this.#naming = {
      allocation: () => ++allocations as AllocationId,
      stream: () => ++streams as StreamId,
    };
  }

  /** All candidates there are now. */
  get candidates(): readonly LocalCandidate[] {
    return [...this.#candidates.values()];
  }

  /** What servers see of us. */
  get mappings(): readonly Mapping[] {
    return [...this.#bindings.values()].flatMap(({ local, server, mapped }) =>
      mapped === undefined ? [] : [{ local, server, mapped }],
    );
  }

  /** TURN servers with their state, for people. */
  describeRelays(): { relayed?: Endpoint; transport?: string; error?: string }[] {
    return [...this.#turnServers.values()].map(({ relay, lastError }) => ({
      ...(relay && { relayed: relay.relayed, transport: relay.server.transport }),
      ...(lastError && relay === undefined && { error: lastError.message }),
    }));
  }

  /**
   * Whether signaling should wait no longer: everything known, or {@link GATHERING_PATIENCE} over.
   * Late candidates are trickled.
   */
  gatheredEnough(now: number): boolean {
    if (this.#startedAt === undefined) return false;
    if (now >= this.#startedAt + GATHERING_PATIENCE) return true;
    for (const { settled } of this.#bindings.values()) if (!settled) return false;
    for (const { settled } of this.#turnServers.values()) if (!settled) return false;
    return true;
  }

  /** When {@link gatheredEnough} turns true at the latest; undefined before there is an address. */
  get enoughAt(): number | undefined {
    return this.#startedAt === undefined ? undefined : this.#startedAt + GATHERING_PATIENCE;
  }

  /**
   * The host's addresses, best first; the caller has left out ignored interfaces and our own TAPs.
   * Call it again when they change (rtnetlink): mappings and relays are then asked about at once.
   */
  setLocalAddresses(now: number, addresses: readonly string[]): void {
    const allowed = addresses.filter(address =>
      isCandidateAddress(address, this.#options.allowLoopback),
    );
    const usable = [...new Set(allowed.map(canonicalAddress))];
    const first = this.#addresses.length === 0;
    const changed = usable.join() !== this.#addresses.join();
    this.#addresses = usable;
    if (changed && usable.length > 0) this.#startedAt = now;
    this.#updateBindings(now);
    if (!first) {
      for (const binding of this.#bindings.values()) binding.verify(now);
      for (const server of this.#turnServers.values()) {
        if (changed) server.networkChanged(now);
        else server.verify(now);
      }
    }
    this.#update();
  }

  /** The network changed: the new addresses, see {@link setLocalAddresses}. */
  networkChanged(now: number, addresses: readonly string[]): void {
    this.setLocalAddresses(now, addresses);
  }

  /** STUN and TURN servers; call it again when credentials are renewed. */
  setServers(now: number, servers: readonly IceServer[]): void {
    const canonical = servers.map(server => ({
      ...server,
      endpoint: canonicalEndpoint(server.endpoint),
    }));
    // A TURN server answers Binding requests too; asking keeps the mapping towards it open.
    const udp = canonical.filter(({ transport }) => transport === 'udp');
    const stun = [...udp.filter(s => s.kind === 'stun'), ...udp.filter(s => s.kind === 'turn')];
    const endpoints = new Map(stun.map(({ endpoint }) => [endpointKey(endpoint), endpoint]));
    this.#stunServers = [...endpoints.values()];

    const groups = new Map<string, IceServer[]>();
    for (const server of canonical) {
      if (server.kind !== 'turn' || server.username === undefined) continue;
      const key = server.serverName ?? server.endpoint.address;
      groups.set(key, [...(groups.get(key) ?? []), server]);
    }
    for (const [key, server] of this.#turnServers) {
      if (groups.has(key)) continue;
      server.close(now);
      this.#forward(server);
      this.#turnServers.delete(key);
    }
    for (const [key, entries] of groups) {
      const server =
        this.#turnServers.get(key) ?? new TurnServer(this.#options.random, this.#naming);
      this.#turnServers.set(key, server);
      server.setEntries(
        now,
        entries.filter(({ endpoint }) => this.#port(endpoint.address) !== undefined),
      );
    }
    this.#updateBindings(now);
    this.#update();
  }

  /** A NAT mapping may have been lost (a path stalled): asks all servers now. */
  verify(now: number): void {
    for (const binding of this.#bindings.values()) binding.verify(now);
    for (const server of this.#turnServers.values()) server.verify(now);
    this.tick(now);
  }

  /** The state of a connection that `openStream` asked for. */
  onStream(now: number, stream: StreamId, state: 'open' | 'closed', error?: string): void {
    for (const server of this.#turnServers.values()) {
      if (server.onStream(now, stream, state, error)) break;
    }
    this.#update();
  }

  /**
   * A STUN message that may be from one of our servers. `true`: it was taken; `false`: not ours; or
   * what a peer sent through the relay, for the caller to hand on.
   */
  receive(now: number, message: StunMessage, from: ServerArrival): boolean | RelayedDatagram {
    if (from.kind === 'host') {
      for (const binding of this.#bindings.values()) {
        if (!binding.awaits(message.transactionId)) continue;
        binding.receive(now, message, canonicalEndpoint(from.remote));
        this.#update();
        return true;
      }
    }
    const origin =
      from.kind === 'stream' ? { stream: from.stream } : { remote: canonicalEndpoint(from.remote) };
    for (const server of this.#turnServers.values()) {
      const id = server.attemptFor(message, origin);
      if (id === undefined) continue;
      const inner = server.receive(now, id, message);
      const base = this.#relayBase(server);
      this.#update();
      return inner !== undefined && base !== undefined ? { ...inner, base } : inner === undefined;
    }
    return false;
  }

  /** The base and peer behind a channel on which a datagram came. */
  originOf(uplink: Uplink, channel: number): { base: Base; remote: Endpoint } | undefined {
    const server = this.#serverAt(uplink);
    const base = server && this.#relayBase(server);
    const remote = server?.remoteOf(channel);
    return base && remote ? { base, remote } : undefined;
  }

  /** Sends a datagram to a peer through a relay of ours. */
  send(now: number, allocation: AllocationId, remote: Endpoint, bytes: Uint8Array): void {
    for (const server of this.#turnServers.values()) {
      if (!server.send(now, allocation, remote, bytes)) continue;
      this.#forward(server);
      return;
    }
  }

  /**
   * The channel to a peer, for the datapath to send on; bound at once if it is not yet. Undefined
   * when the allocation is gone or the server refuses the peer.
   */
  channel(
    now: number,
    allocation: AllocationId,
    remote: Endpoint,
  ): { uplink: Uplink; channel: number; remote: Endpoint } | undefined {
    for (const server of this.#turnServers.values()) {
      const uplink = server.relay?.uplink;
      if (server.relay?.allocation !== allocation || uplink === undefined) continue;
      const channel = server.channel(now, allocation, remote);
      this.#forward(server);
      return channel === undefined ? undefined : { uplink, channel, remote };
    }
    return undefined;
  }

  /** Gives all relays back, for a graceful stop. */
  close(now: number): void {
    for (const server of this.#turnServers.values()) {
      server.close(now);
      this.#forward(server);
    }
    this.#turnServers.clear();
    this.#bindings.clear();
  }

  tick(now: number): void {
    for (const binding of this.#bindings.values()) binding.tick(now);
    for (const server of this.#turnServers.values()) server.tick(now);
    this.#update();
  }

  /** When to call {@link tick} (perhaps already past); undefined when nothing is planned. */
  nextTimeout(): number | undefined {
    let next = Number.POSITIVE_INFINITY;
    for (const binding of this.#bindings.values()) next = Math.min(next, binding.nextTimeout());
    for (const server of this.#turnServers.values()) {
      next = Math.min(next, server.nextTimeout() ?? Number.POSITIVE_INFINITY);
    }
    return next === Number.POSITIVE_INFINITY ? undefined : next;
  }

  poll(): GathererOutput | undefined {
    return this.#outputs.shift();
  }

  #port(address: string): number | undefined {
    return addressFamily(address) === 4 ? this.#options.port4 : this.#options.port6;
  }

  #hosts(): Endpoint[] {
    return this.#addresses.flatMap(address => {
      const port = this.#port(address);
      return port === undefined ? [] : [{ address, port }];
    });
  }

  /** One question per local address and server of its family. */
  #updateBindings(now: number): void {
    const wanted = new Map<string, { local: Endpoint; server: Endpoint }>();
    for (const local of this.#hosts()) {
      const family = addressFamily(local.address);
      const servers = this.#stunServers.filter(({ address }) => addressFamily(address) === family);
      for (const server of servers.slice(0, MAX_STUN_SERVERS)) {
        wanted.set(`${endpointKey(local)}→${endpointKey(server)}`, { local, server });
      }
    }
    for (const key of this.#bindings.keys()) if (!wanted.has(key)) this.#bindings.delete(key);
    for (const [key, { local, server }] of wanted) {
      if (this.#bindings.has(key)) continue;
      this.#bindings.set(key, new StunBinding(now, local, server, this.#options.random));
    }
    for (const binding of this.#bindings.values()) binding.tick(now);
  }

  #serverAt(uplink: Uplink): TurnServer | undefined {
    for (const server of this.#turnServers.values()) {
      const used = server.relay?.uplink;
      if (used?.kind === 'udp' && uplink.kind === 'udp') {
        if (sameEndpoint(used.server, uplink.server)) return server;
      } else if (used?.kind === 'stream' && uplink.kind === 'stream') {
        if (used.stream === uplink.stream) return server;
      }
    }
    return undefined;
  }

  #relayBase({ relay }: TurnServer): Base | undefined {
    return relay && { kind: 'relay', allocation: relay.allocation, relayed: relay.relayed };
  }

  /** Takes what bindings and servers want to send, and reports candidates that came or went. */
  #update(): void {
    for (const binding of this.#bindings.values()) {
      const { local, server } = binding;
      const uplink: Uplink = { kind: 'udp', server, source: local.address };
      for (let bytes = binding.poll(); bytes !== undefined; bytes = binding.poll()) {
        this.#outputs.push({ type: 'transmit', bytes, via: { kind: 'uplink', uplink } });
      }
    }
    for (const server of this.#turnServers.values()) this.#forward(server);

    const before = this.#candidates;
    const relays = [...this.#turnServers.values()].flatMap(({ relay }) => relay ?? []);
    this.#candidates = localCandidates(this.#hosts(), this.mappings, relays);
    const added = [...this.#candidates].filter(([key]) => !before.has(key)).map(([, c]) => c);
    const removed = [...before].filter(([key]) => !this.#candidates.has(key)).map(([, c]) => c);
    if (added.length + removed.length > 0) {
      this.#outputs.push({ type: 'candidates', added, removed });
    }
  }

  #forward(server: TurnServer): void {
    for (let output = server.poll(); output !== undefined; output = server.poll()) {
      this.#outputs.push(output);
    }
  }
}
