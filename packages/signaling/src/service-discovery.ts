import { EvioError } from '@evio/types';
import type { Element } from '@xmpp/xml';
import {
  applyPush,
  credentialsQuery,
  mergeServers,
  type RawIceServer,
  REFRESH,
  refreshDelay,
  serversFrom,
  servicesQuery,
  withoutCredentials,
} from './external-services.ts';
import { NS_EXTDISCO } from './namespaces.ts';

export interface ServiceDiscoveryOptions {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Milliseconds since 1970, for the ends of credentials. */
  readonly wallNow: () => number;
  /** Sends an IQ of type `get` to our server; rejects with an EvioError. */
  readonly ask: (child: Element) => Promise<Element>;
  /** The list is another one than before. */
  readonly changed: (servers: readonly RawIceServer[]) => void;
}

/** Keeps the list of STUN and TURN servers, and their credentials fresh (XEP-0215). */
export class ServiceDiscovery {
  readonly #o: ServiceDiscoveryOptions;
  #servers: readonly RawIceServer[] = [];
  #due: number | undefined;

  constructor(options: ServiceDiscoveryOptions) {
    this.#o = options;
  }

  /** A new session: ask now. Until there is an answer the list before holds. */
  begin(): void {
    this.#due = this.#o.now();
  }

  /** Asks when it is time to. Call only while online. */
  tick(): void {
    if (this.#due === undefined || this.#o.now() < this.#due) return;
    this.#due = undefined;
    void this.#fetch();
  }

  nextTimeout(): number | undefined {
    return this.#due;
  }

  /** The server has pushed changes. */
  pushed(services: Element): void {
    this.#replace(applyPush(this.#servers, services));
  }

  async #fetch(): Promise<void> {
    try {
      const answer = await this.#o.ask(servicesQuery());
      const services = answer.getChild('services', NS_EXTDISCO);
      let servers = serversFrom(services);
      for (const service of withoutCredentials(services)) {
        const given = await this.#o.ask(credentialsQuery(service)).then(
          reply => serversFrom(reply.getChild('credentials', NS_EXTDISCO)),
          () => [], // this service has none for us
        );
        servers = mergeServers(servers, given);
      }
      this.#replace(servers);
    } catch (error) {
      if (!(error instanceof EvioError)) throw error;
      // Not offered is a lasting answer; anything else is worth asking again.
      const wait = error.code === 'SIGNALING_REFUSED' ? REFRESH.mostMs : REFRESH.failedMs;
      this.#due = this.#o.now() + wait;
    }
  }

  #replace(servers: readonly RawIceServer[]): void {
    this.#due = this.#o.now() + refreshDelay(servers, this.#o.wallNow());
    if (JSON.stringify(servers) === JSON.stringify(this.#servers)) return;
    this.#servers = servers;
    this.#o.changed(servers);
  }
}
