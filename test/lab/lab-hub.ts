import { Hub, type HubNode } from '@evio/hub';
import type { Namespace } from './namespace.ts';

/** The hub's public addresses: STUN needs two to tell NAT kinds apart (RFC 5780). */
export const HUB_ADDRESSES = ['198.18.250.10', '198.18.250.11'] as const;
export const HUB_ADDRESS6 = '2001:db8:ffff:250::10';
export const HUB_DOMAIN = 'evio.test';

/**
 * The XMPP server and the STUN/TURN server in the lab's `hub` namespace, configured and run by
 * `packages/hub` as everybody's are.
 */
export class LabHub {
  readonly namespace: Namespace;
  readonly domain = HUB_DOMAIN;
  readonly directory: string;
  readonly #log: string[] = [];
  #hub: Hub | undefined;

  constructor(namespace: Namespace, directory: string) {
    this.namespace = namespace;
    this.directory = directory;
  }

  /** Makes the hub at its first start, and runs its servers; resolves when they listen. */
  async start(): Promise<void> {
    this.#hub ??= await Hub.start({
      dir: this.directory,
      domain: this.domain,
      addresses: [...HUB_ADDRESSES, HUB_ADDRESS6],
      netns: this.namespace.name,
      log: line => {
        this.#log.push(line);
        if (this.#log.length > 2000) this.#log.shift();
      },
    });
  }

  /** Ends its servers; established links must not care. */
  async stop(): Promise<void> {
    const hub = this.#hub;
    this.#hub = undefined;
    await hub?.stop();
  }

  /** Adds an account, also while the hub runs. */
  async addNode(name: string): Promise<HubNode> {
    return this.running.addNode(name);
  }

  /** Takes an account away, also while the hub runs. */
  async removeNode(name: string): Promise<void> {
    await this.running.removeNode(name);
  }

  /** To stop and start one of the servers alone. */
  get running(): Hub {
    if (this.#hub === undefined) throw new Error('the hub of the lab does not run');
    return this.#hub;
  }

  /** The last lines that its servers logged. */
  get log(): string {
    return this.#log.join('\n');
  }
}
