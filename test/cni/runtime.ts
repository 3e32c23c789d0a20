import { join } from 'node:path';
import { type CommandResult, run } from '../lab/command.ts';

/** What a plugin printed and how it ended. */
export interface PluginOutcome extends CommandResult {
  /** What it printed, read as JSON; undefined when it printed nothing. */
  readonly output: ReturnType<typeof JSON.parse>;
}

/** A pod as a runtime sees it before it asks for networks: an id and a namespace. */
export class Sandbox implements AsyncDisposable {
  readonly id: string;
  readonly name: string;

  private constructor(id: string, name: string) {
    this.id = id;
    this.name = name;
  }

  /** `prefix` is that of the lab, whose janitor removes the namespace if nobody else does. */
  static async create(prefix: string, id: string): Promise<Sandbox> {
    const name = `${prefix}pod-${id}`;
    await run(['ip', 'netns', 'add', name]);
    return new Sandbox(id, name);
  }

  get netns(): string {
    return `/run/netns/${this.name}`;
  }

  exec(argv: readonly string[], options?: Parameters<typeof run>[1]): Promise<CommandResult> {
    return run(['ip', 'netns', 'exec', this.name, ...argv], options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await run(['ip', 'netns', 'del', this.name], { check: false });
  }
}

/** How a plugin is called. */
export interface PluginCall {
  readonly command: string;
  readonly config: { readonly type?: unknown; readonly [key: string]: unknown };
  readonly sandbox?: Pick<Sandbox, 'id' | 'netns'>;
  readonly ifName?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Executes plugins as libcni does. */
export class Runtime {
  readonly #bin: string;
  readonly #enter: (argv: readonly string[]) => string[];

  /** `enter`: puts a command into the node's network namespace. */
  constructor(bin: string, enter: (argv: readonly string[]) => string[]) {
    this.#bin = bin;
    this.#enter = enter;
  }

  /** Runs the plugin that `config.type` names. */
  async call(
    call: PluginCall & { readonly config: { readonly type?: unknown } },
  ): Promise<PluginOutcome> {
    const { command, config, sandbox, ifName = 'eth0', environment = {} } = call;
    const env: Record<string, string> = {
      CNI_COMMAND: command,
      CNI_PATH: this.#bin,
      ...(sandbox && { CNI_CONTAINERID: sandbox.id, CNI_NETNS: sandbox.netns, CNI_IFNAME: ifName }),
      ...environment,
    };
    const result = await run(this.#enter([join(this.#bin, String(config.type))]), {
      input: JSON.stringify(config),
      env,
      check: false,
    });
    const output = result.stdout.trim() === '' ? undefined : JSON.parse(result.stdout);
    return { ...result, output };
  }

  /** ADD through a chain of plugins; each gets the result of the one before. @throws at the first error. */
  async addChain(
    plugins: readonly { readonly type?: unknown }[],
    shared: { readonly name: string; readonly cniVersion: string },
    sandbox: Pick<Sandbox, 'id' | 'netns'>,
    environment?: Readonly<Record<string, string>>,
  ): Promise<ReturnType<typeof JSON.parse>> {
    let prevResult: unknown;
    for (const plugin of plugins) {
      const config = { ...plugin, ...shared, ...(prevResult !== undefined && { prevResult }) };
      const { code, output } = await this.call({
        command: 'ADD',
        config,
        sandbox,
        ...(environment && { environment }),
      });
      if (code !== 0) throw new Error(`${plugin.type}: ${JSON.stringify(output)}`);
      prevResult = output;
    }
    return prevResult;
  }

  /** DEL through a chain, in reverse. */
  async deleteChain(
    plugins: readonly { readonly type?: unknown }[],
    shared: { readonly name: string; readonly cniVersion: string },
    sandbox: Pick<Sandbox, 'id' | 'netns'>,
    prevResult: unknown,
  ): Promise<void> {
    for (const plugin of [...plugins].reverse()) {
      const { code, output } = await this.call({
        command: 'DEL',
        config: { ...plugin, ...shared, prevResult },
        sandbox,
      });
      if (code !== 0) throw new Error(`${plugin.type}: ${JSON.stringify(output)}`);
    }
  }
}
