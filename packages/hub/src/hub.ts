import { readFileSync } from 'node:fs';
import { ensureCertificates, type HubInit, initHub } from './init.ts';
import { InvitationKeeper } from './invitation-keeper.ts';
import {
  type InviteOptions,
  type IssuedInvitation,
  inviteNode,
  settleInvitations,
} from './invitations.ts';
import { type Layout, layoutOf } from './layout.ts';
import { withLock } from './lock.ts';
import { addNode, type HubMember, type HubNode, listNodes, removeNode } from './members.ts';
import { serviceUrl } from './node-config.ts';
import { ServerProcess } from './server-process.ts';
import { privilegeDrop, serviceUser } from './service-user.ts';
import { type HubSettings, requireSettings } from './settings.ts';

/** How the servers are run. */
export interface HubRun {
  /** Network namespace to run in, by its name in `ip netns`. */
  readonly netns?: string;
  /** Words to put before the servers' commands instead; must exec what follows. */
  readonly wrap?: readonly string[];
  /** Default: both. */
  readonly xmpp?: boolean;
  readonly turn?: boolean;
  /** Takes the servers' log, line by line, with `xmpp: ` or `turn: ` before it. */
  readonly log?: (line: string) => void;
}

/**
 * A running hub.
 *
 * @example
 * await using hub = await Hub.start({ dir, domain: 'hub.test', addresses: ['127.0.0.1'] });
 * const { jid, password, service, caFile } = await hub.addNode('edge-a');
 */
export class Hub {
  readonly #layout: Layout;
  readonly #settings: HubSettings;
  readonly #xmpp: ServerProcess;
  readonly #turn: ServerProcess;
  readonly #keeper: InvitationKeeper;

  private constructor(layout: Layout, settings: HubSettings, run: HubRun) {
    this.#layout = layout;
    this.#settings = settings;
    const log = run.log ?? (() => {});
    const wrap = run.wrap ?? (run.netns === undefined ? [] : ['ip', 'netns', 'exec', run.netns]);
    const { ports } = settings;
    const prosody = privilegeDrop(serviceUser('prosody'), Math.min(ports.xmpp, ports.xmpps));
    this.#xmpp = new ServerProcess(
      {
        name: 'xmpp',
        command: [...wrap, ...prosody, 'prosody', '-F', '--config', layout.prosody.config],
        listeners: [
          { protocol: 'tcp', port: ports.xmpp },
          { protocol: 'tcp', port: ports.xmpps },
        ],
        refused: /Failed to open server port/,
      },
      log,
    );
    const coturn = privilegeDrop(serviceUser('turnserver'), Math.min(ports.turn, ports.turns));
    this.#turn = new ServerProcess(
      {
        name: 'turn',
        command: [...wrap, ...coturn, 'turnserver', '-c', layout.coturn.config],
        listeners: [
          { protocol: 'udp', port: ports.turn },
          { protocol: 'tcp', port: ports.turn },
          { protocol: 'tcp', port: ports.turns },
        ],
        refused: /Cannot bind .* listener socket/,
      },
      log,
    );
    this.#keeper = new InvitationKeeper(settings, layout, log);
  }

  /** Writes the hub's files as `evio hub init` does, and runs it. */
  static async start(options: HubInit & HubRun): Promise<Hub> {
    await initHub(options);
    return await Hub.up(options.dir, options);
  }

  /**
   * Runs the hub in `dir`; resolves when both servers hold their ports.
   *
   * @throws EvioError `HUB_MISSING`, `SERVER_FAILED`, `FILE_NOT_OURS`.
   */
  static async up(dir: string, run: HubRun = {}): Promise<Hub> {
    const layout = layoutOf(dir);
    requireSettings(layout);
    // An invitation that ended while the hub was down must not be good for a moment.
    await settleInvitations(layout, Date.now() / 1000);
    const settings = await withLock(layout.lock, () => {
      const current = requireSettings(layout);
      ensureCertificates(current, layout, new Date());
      return current;
    });
    const hub = new Hub(layout, settings, run);
    const wanted = [
      ...(run.xmpp === false ? [] : [hub.#xmpp]),
      ...(run.turn === false ? [] : [hub.#turn]),
    ];
    const results = await Promise.allSettled(wanted.map(server => server.start()));
    const failure = results.find(result => result.status === 'rejected');
    if (failure !== undefined) {
      await hub.stop();
      throw failure.reason;
    }
    return hub;
  }

  get dir(): string {
    return this.#layout.dir;
  }

  get domain(): string {
    return this.#settings.domain;
  }

  /** `xmpps://…` as nodes use it. */
  get service(): string {
    return serviceUrl(this.#settings);
  }

  /** The authority's certificate, PEM. */
  get ca(): string {
    return readFileSync(this.#layout.ca.certificate, 'utf8');
  }

  /** Process ids of the servers that run, to measure or to kill them in tests. */
  get pids(): { readonly xmpp: number | undefined; readonly turn: number | undefined } {
    return { xmpp: this.#xmpp.pid, turn: this.#turn.pid };
  }

  async addNode(name: string, overlays?: readonly string[]): Promise<HubNode> {
    return await addNode(this.dir, name, overlays);
  }

  async invite(name: string, options: Omit<InviteOptions, 'now'>): Promise<IssuedInvitation> {
    return await inviteNode(this.dir, name, { ...options, now: Date.now() / 1000 });
  }

  async removeNode(name: string): Promise<void> {
    await removeNode(this.dir, name);
  }

  nodes(): (HubMember | HubNode)[] {
    return listNodes(this.dir);
  }

  async startXmpp(): Promise<void> {
    await this.#xmpp.start();
  }

  async stopXmpp(): Promise<void> {
    await this.#xmpp.stop();
  }

  async startTurn(): Promise<void> {
    await this.#turn.start();
  }

  async stopTurn(): Promise<void> {
    await this.#turn.stop();
  }

  async stop(): Promise<void> {
    await this.#keeper.stop();
    await Promise.all([this.#xmpp.stop(), this.#turn.stop()]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
