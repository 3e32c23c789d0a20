import { run } from './command.ts';
import { Namespace } from './namespace.ts';

/** One end of a cable: a namespace and the interface's name in it. */
export interface Socket {
  readonly namespace: Namespace;
  readonly interface: string;
}

interface Setup {
  readonly ip: string[];
  readonly sysctl: Record<string, string | number>;
  nft: string;
}

/** IPv6 works at once, not after the second in which it looks for its own address elsewhere. */
const NO_DUPLICATE_DETECTION =
  'for file in /proc/sys/net/ipv6/conf/*/accept_dad; do echo 0 >$file; done';

/**
 * Collects namespaces, cables and settings, and makes them in as few steps as possible: one
 * `ip -batch` for all namespaces and cables, then per namespace one for its settings.
 */
export class Network {
  readonly #prefix: string;
  readonly #commands: string[] = [];
  readonly #setups = new Map<Namespace, Setup>();

  /** @param prefix of the namespaces' names; the machine's other namespaces must not have it. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  namespace(name: string): Namespace {
    const namespace = new Namespace(`${this.#prefix}${name}`);
    this.#commands.push(`netns add ${namespace.name}`);
    this.#setups.set(namespace, { ip: ['link set lo up'], sysctl: {}, nft: '' });
    return namespace;
  }

  /** A veth pair; both ends come up with the first address or `link set` that is asked for them. */
  cable(a: Socket, b: Socket): void {
    this.#commands.push(
      `link add name ${a.interface} netns ${a.namespace.name} type veth ` +
        `peer name ${b.interface} netns ${b.namespace.name}`,
    );
  }

  /** Lines of `ip -batch` to run in the namespace, in this order. */
  ip(namespace: Namespace, ...lines: string[]): void {
    this.#setup(namespace).ip.push(...lines);
  }

  sysctl(namespace: Namespace, settings: Readonly<Record<string, string | number>>): void {
    Object.assign(this.#setup(namespace).sysctl, settings);
  }

  nft(namespace: Namespace, ruleset: string): void {
    this.#setup(namespace).nft += ruleset;
  }

  /** Makes everything that was collected. */
  async build(): Promise<void> {
    await run(['ip', '-batch', '-'], { input: `${this.#commands.join('\n')}\n` });
    await Promise.all(
      [...this.#setups].map(async ([namespace, { ip, sysctl, nft }]) => {
        await namespace.exec(['sh', '-ec', NO_DUPLICATE_DETECTION]);
        await namespace.sysctl(sysctl);
        await namespace.ip(ip);
        if (nft !== '') await namespace.nft(nft);
      }),
    );
  }

  #setup(namespace: Namespace): Setup {
    const setup = this.#setups.get(namespace);
    if (setup === undefined) throw new Error(`${namespace.name} is not of this network`);
    return setup;
  }
}
