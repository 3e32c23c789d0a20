import { createHash } from 'node:crypto';
import { addressFamily, type Endpoint } from '@evio/types';
import { endpointKey } from '../address.ts';
import { encodeStun, parseStun, STUN_METHOD, type StunMessage } from '../stun-message.ts';
import type { Packet, Realm } from './realm.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** A client's way to the server: a UDP 5-tuple or a stream. */
interface Client {
  readonly key: string;
  readonly endpoint: Endpoint;
  send(bytes: Uint8Array): void;
}

interface Allocation {
  readonly client: Client;
  readonly username: string;
  readonly relayed: Endpoint;
  expiresAt: number;
  /** Address to end of permission. */
  readonly permissions: Map<string, number>;
  readonly channels: Map<number, Endpoint>;
}

const REALM = 'example.org';

/** A STUN and TURN server (RFC 8489, RFC 8656), as strict as coturn where it matters to a client. */
export class TurnServerModel {
  readonly endpoint: Endpoint;
  /** Username to password. */
  readonly users = new Map([['user', 'secret']]);
  /** Says nothing at all. */
  silent = false;
  /** Answers Allocate with this error. */
  refuseWith: number | undefined;
  alternate: Endpoint | undefined;
  /** Has no IPv4 to give (440). */
  onlyIpv6 = false;
  /** Requests by method and answer, to see what a client did: `allocate 401`. */
  readonly log: string[] = [];
  readonly #clock: VirtualClock;
  readonly #random: SeededRandom;
  readonly #realm: Realm;
  readonly #allocations = new Map<string, Allocation>();
  readonly #clients = new Map<string, Client>();
  #nonce = 'nonce-1';
  #nextPort = 50000;

  constructor(clock: VirtualClock, random: SeededRandom, realm: Realm, endpoint: Endpoint) {
    this.#clock = clock;
    this.#random = random;
    this.#realm = realm;
    this.endpoint = endpoint;
    realm.attach(endpoint.address, { deliver: packet => this.#onPacket(packet) });
  }

  get allocations(): number {
    return [...this.#allocations.values()].filter(one => one.expiresAt > this.#clock.now).length;
  }

  /** All clients' nonces are stale from now on. */
  renewNonce(): void {
    this.#nonce = `nonce-${this.#random.below(2 ** 30)}`;
  }

  /** Forgets all allocations, as after a restart. */
  restart(): void {
    this.#allocations.clear();
    this.renewNonce();
  }

  /** Bytes on a stream: one STUN message or ChannelData. */
  onStream(key: string, endpoint: Endpoint, bytes: Uint8Array, send: Client['send']): void {
    this.#onBytes(this.#clients.get(key) ?? { key, endpoint, send }, bytes);
  }

  #onPacket({ source, destination, bytes }: Packet): void {
    if (destination.port !== this.endpoint.port) {
      this.#onRelayed(destination.port, source, bytes);
      return;
    }
    const key = `udp ${endpointKey(source)}`;
    const send = (answer: Uint8Array) => {
      this.#realm.send({ source: this.endpoint, destination: source, bytes: answer });
    };
    this.#onBytes({ key, endpoint: source, send }, bytes);
  }

  #onBytes(client: Client, bytes: Uint8Array): void {
    if (this.silent) return;
    const [first = 0xff] = bytes;
    if (first >= 0x40 && first <= 0x4f && bytes.length >= 4) {
      const view = Buffer.from(bytes);
      const allocation = this.#allocation(client);
      const peer = allocation?.channels.get(view.readUInt16BE(0));
      if (allocation && peer) {
        this.#relay(allocation, peer, view.subarray(4, 4 + view.readUInt16BE(2)));
      }
      return;
    }
    const message = parseStun(bytes);
    if (message?.class === 'request') this.#onRequest(client, message);
    else if (message?.method === STUN_METHOD.send) {
      const allocation = this.#allocation(client);
      const peer = message.get('XOR-PEER-ADDRESS');
      const payload = message.get('DATA');
      if (allocation && peer && payload) this.#relay(allocation, peer, payload);
    }
  }

  #onRequest(client: Client, message: StunMessage): void {
    if (message.method === STUN_METHOD.binding) {
      this.#answer(client, message, 'success', { 'XOR-MAPPED-ADDRESS': client.endpoint });
      return;
    }
    if (message.method === STUN_METHOD.allocate && this.#allocation(client)) {
      this.#refuse(client, message, 437); // like coturn, before looking at the credentials
      return;
    }
    const username = message.get('USERNAME') ?? '';
    const password = this.users.get(username);
    const key = createHash('md5').update(`${username}:${REALM}:${password}`).digest();
    const challenge = { REALM, NONCE: Buffer.from(this.#nonce) };
    if (!message.hasIntegrity || password === undefined || !message.verifies(key)) {
      this.#refuse(client, message, 401, challenge);
    } else if (Buffer.from(message.get('NONCE') ?? []).toString() !== this.#nonce) {
      this.#refuse(client, message, 438, challenge);
    } else {
      this.#onAuthentic(client, message, username, key);
    }
  }

  #onAuthentic(client: Client, message: StunMessage, username: string, key: Uint8Array): void {
    const allocation = this.#allocation(client);
    if (message.method === STUN_METHOD.allocate) {
      if (this.alternate) {
        this.#refuse(client, message, 300, { 'ALTERNATE-SERVER': this.alternate }, key);
      } else if (this.onlyIpv6 && message.get('REQUESTED-ADDRESS-FAMILY') !== 6) {
        this.#refuse(client, message, 440, {}, key);
      } else if (this.refuseWith) this.#refuse(client, message, this.refuseWith, {}, key);
      else this.#allocate(client, message, username, key);
      return;
    }
    if (allocation === undefined) {
      this.#refuse(client, message, 437, {}, key);
    } else if (allocation.username !== username) {
      this.#refuse(client, message, 441, {}, key);
    } else if (message.method === STUN_METHOD.refresh) {
      const lifetime = message.get('LIFETIME') ?? 600;
      // Like coturn, which ends an allocation a second after it has said so.
      allocation.expiresAt = this.#clock.now + Math.max(1, lifetime) * 1000;
      this.#answer(client, message, 'success', { LIFETIME: lifetime }, key);
    } else if (message.method === STUN_METHOD.channelBind) {
      this.#bind(client, allocation, message, key);
    } else {
      this.#refuse(client, message, 400, {}, key);
    }
  }

  #allocate(client: Client, message: StunMessage, username: string, key: Uint8Array): void {
    const relayed = { address: this.endpoint.address, port: this.#nextPort++ };
    this.#clients.set(client.key, client);
    this.#allocations.set(client.key, {
      client,
      username,
      relayed,
      expiresAt: this.#clock.now + 600_000,
      permissions: new Map(),
      channels: new Map(),
    });
    const mapped = client.endpoint;
    const attributes = {
      'XOR-RELAYED-ADDRESS': relayed,
      'XOR-MAPPED-ADDRESS': mapped,
      LIFETIME: 600,
    };
    this.#answer(client, message, 'success', attributes, key);
  }

  #bind(client: Client, allocation: Allocation, message: StunMessage, key: Uint8Array): void {
    const number = message.get('CHANNEL-NUMBER') ?? 0;
    const peer = message.get('XOR-PEER-ADDRESS');
    const other = allocation.channels.get(number);
    const bad = peer === undefined || number < 0x4000 || number > 0x4fff;
    if (bad || (other && endpointKey(other) !== endpointKey(peer))) {
      this.#refuse(client, message, 400, {}, key);
      return;
    }
    allocation.channels.set(number, peer);
    allocation.permissions.set(peer.address, this.#clock.now + 300_000);
    this.#answer(client, message, 'success', {}, key);
  }

  #relay(allocation: Allocation, peer: Endpoint, bytes: Uint8Array): void {
    if (!this.#permitted(allocation, peer.address)) return;
    if (addressFamily(peer.address) !== addressFamily(allocation.relayed.address)) return;
    this.#realm.send({ source: allocation.relayed, destination: peer, bytes });
  }

  #onRelayed(port: number, source: Endpoint, bytes: Uint8Array): void {
    if (this.silent) return;
    const allocation = [...this.#allocations.values()].find(a => a.relayed.port === port);
    if (allocation === undefined || allocation.expiresAt <= this.#clock.now) return;
    if (!this.#permitted(allocation, source.address)) return;
    for (const [number, peer] of allocation.channels) {
      if (endpointKey(peer) !== endpointKey(source)) continue;
      const header = Buffer.alloc(4);
      header.writeUInt16BE(number, 0);
      header.writeUInt16BE(bytes.length, 2);
      allocation.client.send(Buffer.concat([header, bytes]));
      return;
    }
    const indication = encodeStun({
      method: STUN_METHOD.data,
      class: 'indication',
      transactionId: Buffer.from(this.#random.bytes(12)).toString('hex'),
      attributes: { 'XOR-PEER-ADDRESS': source, DATA: bytes },
    });
    allocation.client.send(indication);
  }

  #permitted({ permissions }: Allocation, address: string): boolean {
    return (permissions.get(address) ?? 0) > this.#clock.now;
  }

  #allocation({ key }: Client): Allocation | undefined {
    const allocation = this.#allocations.get(key);
    return allocation && allocation.expiresAt > this.#clock.now ? allocation : undefined;
  }

  #refuse(
    client: Client,
    message: StunMessage,
    code: number,
    further: Parameters<typeof encodeStun>[0]['attributes'] = {},
    key?: Uint8Array,
  ): void {
    const error = { 'ERROR-CODE': { code, reason: `error ${code}` } };
    this.#answer(client, message, 'error', { ...error, ...further }, key, code);
  }

  #answer(
    client: Client,
    message: StunMessage,
    kind: 'success' | 'error',
    attributes: Parameters<typeof encodeStun>[0]['attributes'] = {},
    key?: Uint8Array,
    code = 200,
  ): void {
    const entry = Object.entries(STUN_METHOD).find(([, method]) => method === message.method);
    if (entry === undefined) return;
    if (message.method !== STUN_METHOD.binding) this.log.push(`${entry[0]} ${code}`);
    client.send(
      encodeStun({
        method: entry[1],
        class: kind,
        transactionId: message.transactionId,
        attributes,
        ...(key && { key }),
      }),
    );
  }
}
