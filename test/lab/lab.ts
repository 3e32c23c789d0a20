import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConfigFileInput } from '@evio/agent/config';
import { Agent } from './agent.ts';
import { build } from './build.ts';
import type { Host } from './host.ts';
import { Janitor } from './janitor.ts';
import type { LabHub } from './lab-hub.ts';
import type { Namespace } from './namespace.ts';
import type { Site } from './site.ts';
import type { LabSpec } from './spec.ts';

/**
 * A small internet of network namespaces.
 *
 * ```
 *   host a ─┐                                       ┌─ hub 198.18.250.10, .11
 *   host b ─┴ lan [gateway] wan ─── [internet] ─────┴─ wan [gateway] lan ─ …
 *     192.168.n.0/24      198.18.n.2   .1   no route to private addresses
 * ```
 *
 * Site n (from 1, in the order of the spec) has the public network 198.18.n.0/24 with its gateway at
 * .2; behind NAT its LAN is 192.168.n.0/24, without NAT 198.19.n.0/24, between two NATs
 * 100.64.n.0/24. The host of slot s is at .(16·s + 1). IPv6 LANs are 2001:db8:n:1::/64. (198.18/15 is
 * for benchmarks, RFC 2544: public for the agents, unknown to the machine's own routes.)
 */
export class Lab {
  readonly id: string;
  /** For files of the lab; removed with it. */
  readonly directory: string;
  /** The router between all sites. */
  readonly internet: Namespace;
  readonly sites: ReadonlyMap<string, Site>;
  readonly #hub: LabHub | undefined;
  readonly #janitor: Janitor;

  private constructor(parts: {
    id: string;
    directory: string;
    internet: Namespace;
    sites: ReadonlyMap<string, Site>;
    hub: LabHub | undefined;
    janitor: Janitor;
  }) {
    this.id = parts.id;
    this.directory = parts.directory;
    this.internet = parts.internet;
    this.sites = parts.sites;
    this.#hub = parts.hub;
    this.#janitor = parts.janitor;
  }

  /** Builds the lab; with `hub: true` its servers run when this resolves. Needs root. */
  static async create(spec: LabSpec): Promise<Lab> {
    if (process.getuid?.() !== 0) {
      throw new Error('the lab makes network namespaces, for which it must run as root');
    }
    const id = randomBytes(3).toString('hex');
    const directory = join(tmpdir(), `evio-lab-${id}`);
    const janitor = await Janitor.hire(id, directory);
    try {
      // The hub's servers run as users of their own and must be able to pass.
      await mkdir(directory, { mode: 0o711 });
      const { internet, sites, hub } = await build(spec, id, directory);
      const lab = new Lab({ id, directory, internet, sites, hub, janitor });
      await hub?.start();
      return lab;
    } catch (error) {
      await janitor.finish();
      throw error;
    }
  }

  site(name: string): Site {
    const site = this.sites.get(name);
    if (site === undefined) throw new Error(`the lab has no site "${name}"`);
    return site;
  }

  host(name: string): Host {
    for (const site of this.sites.values()) {
      const host = site.hosts.get(name);
      if (host !== undefined) return host;
    }
    throw new Error(`the lab has no host "${name}"`);
  }

  /** All hosts, by site in the order of the spec. */
  get hosts(): Host[] {
    return [...this.sites.values()].flatMap(site => [...site.hosts.values()]);
  }

  /**
   * Gives a host an account at the hub and starts its agent; resolves when its control socket
   * answers, which is before it is signed in.
   *
   * @param change what to change in the configuration that the hub made.
   */
  async agent(
    hostName: string,
    change?: (config: ConfigFileInput) => void,
    { start = true } = {},
  ): Promise<Agent> {
    const host = this.host(hostName);
    const { dir } = await this.hub.addNode(hostName);
    const directory = join(this.directory, 'agents', hostName);
    const agent = await Agent.prepare(host, directory, dir, change);
    return start ? agent.start() : agent;
  }

  get hub(): LabHub {
    if (this.#hub === undefined) throw new Error('the lab was made without "hub: true"');
    return this.#hub;
  }

  /** Of the process that outlives this one to clean up. */
  get janitorPid(): number | undefined {
    return this.#janitor.pid;
  }

  /** Ends every process in the lab and removes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#hub?.stop();
    await this.#janitor.finish();
  }
}
