import { statfsSync } from 'node:fs';
import { CniError } from '../protocol/cni-error.ts';
import { isObject } from '../protocol/go-json.ts';
import { type PodInterface, planAttach } from './attach-plan.ts';
import { bridgeMac, forwardingParameters, planBridge, type WantedBridge } from './bridge-plan.ts';
import { masqueradeRules } from './masquerade.ts';
import { POD_PREFIX, tableName } from './names.ts';
import type { ObservedInterface, PodNetwork } from './pod-network.ts';
import type { PodSteps } from './pod-worker.ts';
import { type ProgramResult, type RunProgram, runProgram } from './run-program.ts';

/** `f_type` of a namespace's file (linux/magic.h: NSFS_MAGIC, PROC_SUPER_MAGIC before Linux 3.19). */
const NSFS_MAGIC = 0x6e736673;

/**
 * Carries plans out: interfaces of pods by the native worker; what comes once or seldom by `ip`, `tc` and
 * `nft` of the host.
 */
export class LinuxPodNetwork implements PodNetwork {
  readonly #node: string;
  readonly #worker: PodSteps;
  readonly #run: RunProgram;
  /** What was made, so that each ADD need not look. */
  readonly #done = new Map<string, Promise<void>>();

  /** `node`: tells this node's bridge from those of others. */
  constructor(options: {
    readonly node: string;
    readonly worker: PodSteps;
    readonly run?: RunProgram;
  }) {
    this.#node = options.node;
    this.#worker = options.worker;
    this.#run = options.run ?? runProgram;
  }

  isNamespace(path: string): boolean {
    try {
      return statfsSync(path).type === NSFS_MAGIC;
    } catch {
      return false; // gone, which is the question
    }
  }

  bridgeMac(name: string): string {
    return bridgeMac(name, this.#node);
  }

  ensureBridge(bridge: WantedBridge): Promise<void> {
    return this.#once(`bridge ${JSON.stringify(bridge)}`, async () => {
      const shown = await this.#run(['ip', 'link', 'show', 'dev', bridge.name, 'type', 'bridge']);
      const missing = shown.code !== 0 || shown.stdout === '';
      await this.#batch('ip', planBridge(bridge, this.#node, missing));
      await this.#worker.carryOut(forwardingParameters(bridge.gateways));
    });
  }

  masquerade(network: string, pods: readonly string[], within: readonly string[]): Promise<void> {
    if (pods.length === 0) return this.#removeMasquerade(network);
    return this.#once(`nft ${network} ${pods.join()} ${within.join()}`, async () => {
      const done = await this.#run(['nft', '-f', '-'], {
        input: masqueradeRules(network, { pods, within }),
      });
      expectSuccess('nft', done);
    });
  }

  async #removeMasquerade(network: string): Promise<void> {
    this.#forget(`nft ${network} `);
    const table = `inet ${tableName(network)}`;
    const input = `add table ${table}\ndelete table ${table}\n`;
    expectSuccess('nft', await this.#run(['nft', '-f', '-'], { input }));
  }

  async attach(pod: PodInterface): Promise<void> {
    const plan = planAttach(pod);
    try {
      await this.#worker.carryOut(plan.steps);
      if (plan.hostShaping.length > 0) await this.#batch('tc', plan.hostShaping);
      if (plan.podShaping.length > 0) await this.#batch('tc', plan.podShaping, pod.netns);
    } catch (error) {
      // Somebody may have taken the bridge away: look again next time.
      this.#forget('bridge ');
      await this.detach([pod.hostIf]);
      throw error;
    }
  }

  async detach(hostInterfaces: readonly string[]): Promise<void> {
    if (hostInterfaces.length === 0) return;
    const input = hostInterfaces.map(name => `link del dev ${name}\n`).join('');
    const { stderr } = await this.#run(['ip', '-force', '-batch', '-'], { input });
    const faults = stderr
      .split('\n')
      .filter(line => line !== '' && !/^(Cannot find device|Command failed)/.test(line));
    if (faults.length > 0)
      throw new CniError('networkFailure', 'ip link del', { details: faults.join('; ') });
  }

  async observe({ ifName, netns, hostIf }: { ifName: string; netns: string; hostIf: string }) {
    const [inside, outside] = await Promise.all([
      this.#run(['nsenter', `--net=${netns}`, 'ip', '-json', 'address', 'show', 'dev', ifName]),
      this.#run(['ip', '-json', 'link', 'show', 'dev', hostIf]),
    ]);
    const [link] = parseLinks(outside.stdout);
    const master = link?.['master'];
    return {
      inside: parseLinks(inside.stdout).map(toObserved)[0],
      bridge: typeof master === 'string' ? master : undefined,
    };
  }

  async hostInterfaces(): Promise<readonly string[]> {
    const shown = await this.#run(['ip', '-json', 'link', 'show', 'type', 'veth']);
    expectSuccess('ip', shown);
    return parseLinks(shown.stdout).flatMap(({ ifname }) =>
      typeof ifname === 'string' && ifname.startsWith(POD_PREFIX) ? [ifname] : [],
    );
  }

  async #batch(program: 'ip' | 'tc', lines: readonly string[], netns?: string): Promise<void> {
    const enter = netns === undefined ? [] : ['nsenter', `--net=${netns}`];
    const [first = program, ...rest] = [...enter, program, '-batch', '-'];
    const done = await this.#run([first, ...rest], { input: `${lines.join('\n')}\n` });
    expectSuccess(program, done, lines);
  }

  /** Runs it once for each key; again after a failure. Those who come meanwhile wait with it. */
  #once(key: string, make: () => Promise<void>): Promise<void> {
    let done = this.#done.get(key);
    if (done === undefined) {
      done = make();
      done.catch(() => this.#done.delete(key));
      this.#done.set(key, done);
    }
    return done;
  }

  #forget(prefix: string): void {
    for (const key of this.#done.keys()) if (key.startsWith(prefix)) this.#done.delete(key);
  }
}

/** @throws CniError code 100 with the line that failed and the kernel's reason. */
function expectSuccess(
  program: string,
  result: ProgramResult,
  lines: readonly string[] = [],
): void {
  const { code, stderr } = result;
  if (code === 0) return;
  // `ip -batch` says "Command failed -:LINE" after the reason, and stops there.
  const line = lines[Number(/Command failed -:(\d+)/.exec(stderr)?.[1] ?? 0) - 1];
  const reason = stderr
    .split('\n')
    .filter(text => text !== '' && !text.startsWith('Command failed'))
    .map(text => text.replace(/^(RTNETLINK answers|Error): /, ''))
    .join('; ');
  throw new CniError('networkFailure', `${program} ${line ?? ''}`.trim(), {
    details: reason || `exit code ${code}`,
  });
}

function parseLinks(text: string): Record<string, unknown>[] {
  if (text.trim() === '') return [];
  const value: unknown = JSON.parse(text);
  // `ip -json` shows an empty object for what a filter left out.
  return Array.isArray(value) ? value.filter(isObject).filter(link => 'ifname' in link) : [];
}

function toObserved(link: Record<string, unknown>): ObservedInterface {
  const { address, mtu, flags, addr_info: addresses } = link;
  return {
    mac: typeof address === 'string' ? address : '',
    mtu: typeof mtu === 'number' ? mtu : 0,
    up: Array.isArray(flags) && flags.includes('UP'),
    addresses: (Array.isArray(addresses) ? addresses : []).flatMap((entry: unknown) =>
      isObject(entry) && typeof entry['local'] === 'string'
        ? [`${entry['local']}/${entry['prefixlen']}`]
        : [],
    ),
  };
}
