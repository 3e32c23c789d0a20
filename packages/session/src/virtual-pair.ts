/**
 * Test support: two machines, each a {@link PeerSession} with its gate and a stand-in for the datapath,
 * joined by a wire that loses, doubles and reorders, all in virtual time and from one seed.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { EvioError, parseMac } from '@evio/types';
import { HandshakeGate } from './handshake-gate.ts';
import { Identity } from './identity.ts';
import { InitiationClock } from './initiation-clock.ts';
import { decodeNodeRecord, encodeNodeRecord, type NodeRecord } from './node-record.ts';
import type { AgreedSession } from './pair-handshake.ts';
import { PeerSession } from './peer-session.ts';
import { SessionIndexes } from './session-index.ts';
import type { SessionOutput, SessionState } from './session-output.ts';
import type { Timers } from './timers.ts';

export const OVERLAY = 'edge';

/** Repeatable bytes from a seed. */
export function seededRandom(seed: string): (bytes: number) => Uint8Array {
  let counter = 0;
  return bytes => {
    const parts: Buffer[] = [];
    for (let size = 0; size < bytes; size += 32) {
      parts.push(createHash('sha256').update(`${seed}/${counter++}`).digest());
    }
    return new Uint8Array(Buffer.concat(parts).subarray(0, bytes));
  };
}

/** A node that is the same for the same seed: its identity, and its record as bytes and read. */
export function nodeOf(seed: string): {
  identity: Identity;
  bytes: Uint8Array;
  record: NodeRecord;
} {
  const identity = Identity.create(seededRandom(`identity ${seed}`));
  const bytes = encodeNodeRecord(identity, {
    account: `${seed}@example.org`,
    name: seed,
    overlay: OVERLAY,
    addresses: ['10.0.0.1/24'],
    mac: parseMac('02:00:00:00:00:01'),
    sequence: 1n,
  });
  return { identity, bytes, record: decodeNodeRecord(bytes) };
}

// Signing is slow, and every test can do with the same two nodes.
const NODES = { a: nodeOf('a'), b: nodeOf('b') };

export interface Wire {
  /** Probability that a datagram is lost, 0 to 1. */
  readonly loss: number;
  /** Probability that it comes twice. */
  readonly duplication: number;
  /** Least and greatest delay in ms; what differs reorders. */
  readonly delay: readonly [number, number];
}

export interface MachineOptions {
  readonly psk?: Uint8Array;
  readonly aesHardware?: boolean;
}

type Packet =
  | { kind: 'handshake'; bytes: Uint8Array }
  | { kind: 'data' | 'echo'; receiverIndex: number; key: Uint8Array };

/** One end: what the agent and the datapath would do with the session's outputs. */
export class Machine {
  readonly name: 'a' | 'b';
  session: PeerSession;
  gate: HandshakeGate;
  readonly installed = new Map<number, AgreedSession>();
  readonly states: SessionState[] = [];
  readonly failures: string[] = [];
  /** Every localIndex ever installed, with its receive key: no index may have two. */
  readonly history = new Map<number, string>();
  received = 0;
  /** Data that came for keys this machine no longer or not yet has. */
  undeliverable = 0;
  /** Data that could not be sent for want of a session. */
  unsent = 0;
  handshakesSent = 0;
  initiatedInstalls = 0;
  #sending: number | undefined;
  readonly #confirmed = new Set<number>();
  readonly #pair: VirtualPair;
  readonly #options: MachineOptions;
  /** A host's clock outlives its processes. */
  readonly #clock = new InitiationClock(() => 1_700_000_000_000 + this.#pair.now);
  #life = 0;

  constructor(pair: VirtualPair, name: 'a' | 'b', options: MachineOptions) {
    this.#pair = pair;
    this.name = name;
    this.#options = options;
    [this.session, this.gate] = this.#boot();
  }

  get sending(): AgreedSession | undefined {
    return this.#sending === undefined ? undefined : this.installed.get(this.#sending);
  }

  /** kill -9 and start again: everything but the identity is gone. */
  reboot(): void {
    this.installed.clear();
    this.#confirmed.clear();
    this.#sending = undefined;
    [this.session, this.gate] = this.#boot();
  }

  #boot(): [PeerSession, HandshakeGate] {
    const other = this.name === 'a' ? 'b' : 'a';
    const random = seededRandom(`${this.#pair.seed} ${this.name} ${this.#life++}`);
    const indexes = new SessionIndexes<string>(random);
    const session = new PeerSession({
      identity: NODES[this.name].identity,
      overlay: OVERLAY,
      peer: NODES[other].record,
      aesHardware: this.#options.aesHardware ?? true,
      ...(this.#options.psk === undefined ? {} : { psk: this.#options.psk }),
      random,
      nextTimestamp: () => this.#clock.next(),
      allocateIndex: () => indexes.allocate(this.name),
      releaseIndex: index => indexes.release(index),
      timers: this.#pair.timers,
    });
    const gate = new HandshakeGate(NODES[this.name].identity);
    gate.addOverlay('another');
    gate.addOverlay(OVERLAY);
    return [session, gate];
  }

  /** Carries out what the session wants. */
  drain(): void {
    for (let output = this.session.poll(); output !== undefined; output = this.session.poll()) {
      this.#carryOut(output);
    }
  }

  #carryOut(output: SessionOutput): void {
    switch (output.type) {
      case 'send':
        this.handshakesSent += 1;
        this.#pair.transmit(this, { kind: 'handshake', bytes: output.bytes });
        return;
      case 'install': {
        const { session } = output;
        const key = Buffer.from(session.receiveKey).toString('hex');
        assert.ok(!this.history.has(session.localIndex), 'an index is installed once');
        this.history.set(session.localIndex, key);
        this.installed.set(session.localIndex, session);
        if (session.role === 'initiator') {
          this.initiatedInstalls += 1;
          this.#sending = session.localIndex;
          this.sendData('echo');
        }
        return;
      }
      case 'remove':
        assert.ok(this.installed.delete(output.localIndex), 'only what is installed is removed');
        if (this.#sending === output.localIndex) {
          const usable = [...this.installed.values()].filter(
            s => s.role === 'initiator' || this.#confirmed.has(s.localIndex),
          );
          this.#sending = usable.at(-1)?.localIndex;
        }
        return;
      case 'state': {
        const { type: _, ...state } = output;
        this.states.push(state);
        return;
      }
      case 'failed':
        this.failures.push(output.error.code);
        return;
    }
  }

  sendData(kind: 'data' | 'echo' = 'data'): void {
    const session = this.sending;
    if (session === undefined) {
      this.unsent += 1;
      return;
    }
    const { remoteIndex, sendKey } = session;
    this.#pair.transmit(this, { kind, receiverIndex: remoteIndex, key: sendKey });
  }

  deliver(packet: Packet): void {
    if (packet.kind === 'handshake') {
      const verdict = this.gate.peerOf(this.#pair.now, packet.bytes, '192.0.2.1');
      if (verdict.kind !== 'drop') this.session.receive(this.#pair.now, packet.bytes);
      this.drain();
      return;
    }
    const session = this.installed.get(packet.receiverIndex);
    if (session === undefined) {
      this.undeliverable += 1;
      return;
    }
    assert.deepEqual(packet.key, session.receiveKey, 'both ends of an index hold one key');
    this.received += 1;
    if (session.role === 'responder' && !this.#confirmed.has(session.localIndex)) {
      this.#confirmed.add(session.localIndex);
      this.#sending = session.localIndex;
      this.session.onEstablished(this.#pair.now, session.localIndex);
      this.drain();
    }
  }
}

export class VirtualPair {
  readonly seed: string;
  readonly timers: Partial<Timers>;
  readonly a: Machine;
  readonly b: Machine;
  wire: Wire;
  now = 0;
  /** Answers that came for an offer no longer open. */
  refusedAnswers = 0;
  /** Handshake datagrams that were on the wire, for replays. */
  readonly captured: { from: 'a' | 'b'; bytes: Uint8Array }[] = [];
  #events: { at: number; run: () => void }[] = [];
  readonly #random: (bytes: number) => Uint8Array;

  constructor(
    options: {
      seed?: string;
      wire?: Partial<Wire>;
      timers?: Partial<Timers>;
      a?: MachineOptions;
      b?: MachineOptions;
    } = {},
  ) {
    this.seed = options.seed ?? 'seed';
    this.timers = options.timers ?? {};
    this.wire = { loss: 0, duplication: 0, delay: [10, 10], ...options.wire };
    this.#random = seededRandom(`${this.seed} wire`);
    this.a = new Machine(this, 'a', options.a ?? {});
    this.b = new Machine(this, 'b', options.b ?? {});
  }

  /** 0 up to, not including, 1. */
  chance(): number {
    const [high = 0, low = 0] = this.#random(2);
    return (high * 256 + low) / 65536;
  }

  transmit(from: Machine, packet: Packet): void {
    if (packet.kind === 'handshake') this.captured.push({ from: from.name, bytes: packet.bytes });
    const to = from === this.a ? this.b : this.a;
    const copies = this.chance() < this.wire.duplication ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      if (this.chance() < this.wire.loss) continue;
      const [least, most] = this.wire.delay;
      this.at(this.now + least + this.chance() * (most - least), () => to.deliver(packet));
    }
  }

  at(time: number, run: () => void): void {
    this.#events.push({ at: time, run });
  }

  /** Lets time pass until `end`, doing everything at its time. */
  runUntil(end: number): void {
    for (;;) {
      this.#events.sort((x, y) => x.at - y.at);
      const machines = [this.a, this.b].map(machine => ({
        at: machine.session.nextTimeout() ?? Number.POSITIVE_INFINITY,
        run: () => {
          machine.session.tick(this.now);
          machine.drain();
        },
      }));
      const first = this.#events[0];
      const next = [...machines, ...(first === undefined ? [] : [first])].reduce((x, y) =>
        y.at < x.at ? y : x,
      );
      if (next.at > end) break;
      if (next === first) this.#events.shift();
      this.now = Math.max(this.now, next.at);
      next.run();
    }
    this.now = end;
  }

  /** A first handshake by stanzas, `from` initiating; each stanza takes 5 ms. */
  connect(from: Machine = this.a): void {
    const to = from === this.a ? this.b : this.a;
    const [context, replyContext] = [Buffer.from('ufrag-1 pwd-1'), Buffer.from('ufrag-2 pwd-2')];
    const offer = from.session.initiate(this.now, context);
    from.drain();
    this.at(this.now + 5, () => {
      const answer = to.session.respond(this.now, offer, context, replyContext);
      to.drain();
      this.at(this.now + 5, () => {
        try {
          from.session.complete(this.now, answer, replyContext);
        } catch (error) {
          assert.ok(error instanceof EvioError);
          this.refusedAnswers += 1; // a later offer, or a reboot, took its place
        }
        from.drain();
      });
    });
  }

  /** Both sides send data every `interval` ms until `end`. */
  traffic(interval: number, end: number): void {
    const send = () => {
      this.a.sendData();
      this.b.sendData();
      if (this.now + interval <= end) this.at(this.now + interval, send);
    };
    this.at(this.now + interval, send);
  }
}
