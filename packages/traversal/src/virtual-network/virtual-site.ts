import type { Candidate } from '@evio/types';
import { wireCandidate } from '../candidate.ts';
import type { IceServer } from '../ice-server.ts';
import type { IceTiming } from '../ice-timing.ts';
import { Nat, type NatOptions } from './nat.ts';
import { type Conditions, Realm } from './realm.ts';
import { SeededRandom } from './seeded-random.ts';
import { TurnServerModel } from './turn-server-model.ts';
import { VirtualClock } from './virtual-clock.ts';
import { VirtualHost } from './virtual-host.ts';
import { type Link, serversOf, VirtualPeer } from './virtual-peer.ts';

/** An internet with a STUN/TURN server, to which tests attach sites. */
export class VirtualInternet {
  readonly clock = new VirtualClock();
  readonly random: SeededRandom;
  readonly internet: Realm;
  readonly turn: TurnServerModel;
  readonly #servers: TurnServerModel[] = [];
  /** How long a signaling message takes; undefined: it is lost. Milliseconds. */
  signalingDelay: number | undefined = 20;
  #sites = 0;

  constructor(seed = 1, conditions: Partial<Conditions> = {}) {
    this.random = new SeededRandom(seed);
    this.internet = new Realm(this.clock, this.random, conditions);
    this.turn = this.addServer('203.0.113.1');
  }

  addServer(address: string): TurnServerModel {
    const endpoint = { address, port: 3478 };
    const server = new TurnServerModel(this.clock, this.random, this.internet, endpoint);
    this.#servers.push(server);
    return server;
  }

  nat(options: NatOptions, outer = this.internet, address = this.#nextAddress()): Nat {
    return new Nat(this.clock, this.random, outer, address, options);
  }

  /** A host behind `nat`, or on the internet itself, that has gathered its candidates. */
  peer(nat?: Nat, servers: readonly IceServer[] = serversOf(this.turn)): VirtualPeer {
    const host = new VirtualHost();
    if (nat) host.addInterface(nat.inner, `10.0.${++this.#sites}.2`);
    else host.addInterface(this.internet, this.#nextAddress());
    const peer = new VirtualPeer(this.clock, this.random, host, this.#servers);
    peer.start(servers);
    return peer;
  }

  /**
   * Offer and answer as over XMPP: `a` offers (and controls), `b` answers, both trickle.
   * Returns both ends at once; let the clock run.
   */
  connect(a: VirtualPeer, b: VirtualPeer, timing: Partial<IceTiming> = {}): [Link, Link] {
    const left = a.link('controlling', timing);
    const right = b.link('controlled', timing);
    const say = (act: () => void) => {
      if (this.signalingDelay === undefined) return;
      this.clock.at(this.clock.now + this.signalingDelay, act);
    };
    const trickle = (peer: VirtualPeer, link: Link) => (candidate: Candidate) => {
      say(() => {
        link.agent.addRemoteCandidate(this.clock.now, candidate);
        peer.pump();
      });
    };
    left.trickle = trickle(b, right);
    right.trickle = trickle(a, left);
    const introduce = (from: VirtualPeer, source: Link, to: VirtualPeer, target: Link) => {
      const candidates = from.gatherer.candidates.map(wireCandidate);
      const { credentials } = source.agent;
      say(() => {
        target.agent.setRemote(this.clock.now, credentials);
        for (const candidate of candidates) {
          target.agent.addRemoteCandidate(this.clock.now, candidate);
        }
        if (from === a) introduce(b, right, a, left);
        to.pump();
      });
    };
    introduce(a, left, b, right);
    a.pump();
    return [left, right];
  }

  #nextAddress(): string {
    return `198.51.100.${++this.#sites}`;
  }
}
