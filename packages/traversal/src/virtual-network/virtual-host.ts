import { addressFamily, type Endpoint } from '@evio/types';
import type { Packet, Realm } from './realm.ts';

/** A host with one UDP socket on one port, and addresses in one or more realms. */
export class VirtualHost {
  readonly port: number;
  readonly #interfaces = new Map<string, Realm>();
  onDatagram: (packet: Packet) => void = () => {};

  constructor(port = 40000) {
    this.port = port;
  }

  get addresses(): string[] {
    return [...this.#interfaces.keys()];
  }

  addInterface(realm: Realm, address: string): this {
    this.#interfaces.set(address, realm);
    realm.attach(address, { deliver: packet => this.onDatagram(packet) });
    return this;
  }

  removeInterface(address: string): void {
    this.#interfaces.get(address)?.detach(address);
    this.#interfaces.delete(address);
  }

  /** Sends from `source`, or from the first address of the family; dropped when there is none. */
  send(destination: Endpoint, bytes: Uint8Array, source?: string): void {
    const family = addressFamily(destination.address);
    const address = source ?? this.addresses.find(other => addressFamily(other) === family);
    const realm = address === undefined ? undefined : this.#interfaces.get(address);
    if (address === undefined || realm === undefined) return;
    realm.send({ source: { address, port: this.port }, destination, bytes });
  }
}
