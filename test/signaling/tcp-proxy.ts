import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A TCP relay on loopback that can cut its connections, let them die silently, or refuse new ones. */
export class TcpProxy {
  readonly #server: Server;
  readonly #target: number;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  refusing = false;
  /** Connections accepted so far. */
  accepted = 0;

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer(socket => this.#relay(socket));
  }

  static async to(service: string): Promise<TcpProxy> {
    const proxy = new TcpProxy(Number(new URL(service).port));
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get service(): string {
    return `xmpps://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Resets all connections, as a NAT that restarts. */
  cut(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
  }

  /** No byte passes on the present connections any more; nobody is told. */
  freeze(): void {
    for (const [a, b] of this.#pairs) {
      a.unpipe();
      b.unpipe();
      a.pause();
      b.pause();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #relay(near: Socket): void {
    if (this.refusing) {
      near.destroy();
      return;
    }
    this.accepted += 1;
    const far = connect({ port: this.#target, host: '127.0.0.1', noDelay: true });
    near.setNoDelay(true);
    const pair = [near, far] as const;
    this.#pairs.add(pair);
    for (const socket of pair) {
      socket.on('error', () => undefined); // 'close' follows
      socket.on('close', () => {
        this.#pairs.delete(pair);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far);
    far.pipe(near);
  }
}
