import { CniError, errorOutput } from '../protocol/cni-error.ts';
import { type CniCommand, type Invocation, parseInvocation } from '../protocol/invocation.ts';
import { type NetworkConfig, parseNetworkConfig } from '../protocol/network-config.ts';
import { resultOutput } from '../protocol/result.ts';
import { expectVersion, NEWEST_VERSION, SUPPORTED_VERSIONS } from '../protocol/version.ts';
import { KeyedQueue } from './keyed-queue.ts';
import type { PodAttachments } from './pod-attachments.ts';

/** A call as the shim passes it on. */
export interface CniRequest {
  readonly environment: ReadonlyMap<string, string>;
  readonly input: string;
}

/** What the shim is to print and to exit with. */
export interface CniAnswer {
  readonly status: 0 | 1;
  readonly output: string;
}

/** How often a command came, how often it failed, and how long it took. */
export interface CommandCounters {
  calls: number;
  failures: number;
  /** Sum, in milliseconds. */
  ms: number;
}

export interface CniPluginOptions {
  readonly attachments: PodAttachments;
  /** Monotonic, in milliseconds. */
  readonly clock: () => number;
  /** Told each failed call. */
  readonly onFailure?: (command: string, error: CniError) => void;
  /** Told what is wrong with the agent itself. */
  readonly onFault?: (error: unknown) => void;
}

/**
 * The CNI plugin (CNI 1.1.0, section 3): checks what a runtime asks for, has it done, and says so in the
 * words of the version that was asked in. Calls for one container wait for each other.
 */
export class CniPlugin {
  readonly #options: CniPluginOptions;
  readonly #queue = new KeyedQueue();
  readonly #counters = new Map<CniCommand, CommandCounters>();

  constructor(options: CniPluginOptions) {
    this.#options = options;
  }

  counters(): Readonly<Record<string, CommandCounters>> {
    return Object.fromEntries(this.#counters);
  }

  /** Never rejects: what goes wrong is an answer. */
  async handle({ environment, input }: CniRequest): Promise<CniAnswer> {
    const began = this.#options.clock();
    let version: string = NEWEST_VERSION;
    let command = environment.get('CNI_COMMAND') ?? '';
    try {
      const invocation = parseInvocation(environment);
      ({ command } = invocation);
      if (invocation.command === 'VERSION') return versionAnswer(input);
      const config = parseNetworkConfig(input);
      version = config.cniVersion;
      expectVersion(command, config.cniVersion);
      const output = await this.#queue.run(keyOf(invocation), () =>
        this.#carryOut(invocation, config),
      );
      this.#count(invocation.command, began, false);
      return { status: 0, output };
    } catch (error) {
      const known = error instanceof CniError ? error : this.#unexpected(error);
      this.#options.onFailure?.(command, known);
      this.#count(command, began, true);
      return { status: 1, output: errorOutput(version, known) };
    }
  }

  async #carryOut(invocation: Invocation, config: NetworkConfig): Promise<string> {
    const { attachments } = this.#options;
    const { command } = invocation;
    switch (command) {
      case 'ADD':
        return resultOutput(config.cniVersion, await attachments.add(invocation, config));
      case 'DEL':
        await attachments.remove(invocation, config);
        return '';
      case 'CHECK':
        await attachments.check(invocation, config);
        return '';
      case 'GC':
        await attachments.keepOnly(config.validAttachments ?? [], invocation, config);
        return '';
      case 'STATUS':
        attachments.expectReady(config);
        return '';
      case 'VERSION':
        return '';
      default:
        return command satisfies never;
    }
  }

  #unexpected(error: unknown): CniError {
    this.#options.onFault?.(error);
    const details = error instanceof Error ? error.message : String(error);
    return new CniError('ioFailure', 'the Evio agent failed; its log says why', {
      details,
      cause: error,
    });
  }

  #count(command: string, began: number, failed: boolean): void {
    if (!isCounted(command)) return;
    const counters = this.#counters.get(command) ?? { calls: 0, failures: 0, ms: 0 };
    counters.calls += 1;
    counters.failures += failed ? 1 : 0;
    counters.ms += this.#options.clock() - began;
    this.#counters.set(command, counters);
  }
}

const COUNTED: ReadonlySet<string> = new Set(['ADD', 'DEL', 'CHECK', 'GC', 'STATUS']);
const isCounted = (command: string): command is CniCommand => COUNTED.has(command);

/** Calls about one container come one after the other; so do those about all. */
function keyOf({ id, command }: Invocation): string {
  return id === undefined ? command : id.containerId;
}

/** The shim answers VERSION itself; this is for those that talk to the agent. */
function versionAnswer(input: string): CniAnswer {
  let cniVersion: string = NEWEST_VERSION;
  try {
    cniVersion = parseNetworkConfig(input).cniVersion;
  } catch {
    // Whoever asks may not know a version that both speak.
  }
  return {
    status: 0,
    output: `${JSON.stringify({ cniVersion, supportedVersions: SUPPORTED_VERSIONS })}\n`,
  };
}
