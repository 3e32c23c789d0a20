import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { compiled } from './compiled.ts';
import { detach, firstLine } from './lines.ts';
import type { Namespace } from './namespace.ts';
import type { Impairment, LinkSpec } from './spec.ts';

/** Packets per direction since the wire was made. */
export interface WireCounters {
  readonly up: { copied: number; lost: number };
  readonly down: { copied: number; lost: number };
}

/** A cable with faults between interfaces `a` (the site's side) and `b` of a namespace of its own. */
export class Wire {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Starts to copy; before that nothing passes. Compiles wire.cpp at its first use. */
  static async start(namespace: Namespace, seed: number, link: LinkSpec): Promise<Wire> {
    const program = await compiled(join(import.meta.dirname, 'wire.cpp'));
    const child = namespace.spawn([program, 'a', 'b', String(seed)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await firstLine(child, 'the wire');
    detach(child);
    const wire = new Wire(child);
    await wire.set(link);
    return wire;
  }

  /** Changes what happens to the packets that come after this resolves. */
  async set(link: LinkSpec): Promise<void> {
    const { up, down } = directions(link);
    const answer = await this.#ask(`set ${numbers(up)} ${numbers(down)}`);
    if (answer !== 'set') throw new Error(`the wire: ${answer}`);
  }

  async counters(): Promise<WireCounters> {
    const [up = 0, upLost = 0, down = 0, downLost = 0] = (await this.#ask('counters'))
      .split(' ')
      .map(Number);
    return { up: { copied: up, lost: upLost }, down: { copied: down, lost: downLost } };
  }

  #ask(command: string): Promise<string> {
    const answer = firstLine(this.#child, 'the wire');
    this.#child.stdin?.write(`${command}\n`);
    return answer;
  }
}

/** Both directions of a link's spec. */
function directions(link: LinkSpec): { up: Impairment; down: Impairment } {
  return 'up' in link ? link : { up: link, down: link };
}

/** As wire.cpp reads it. */
function numbers(impairment: Impairment): string {
  const { delayMs = 0, jitterMs = 0, lossPercent = 0, rateMbps = 0 } = impairment;
  const { reorderPercent = 0, reorderMs = 5 } = impairment;
  return [
    delayMs * 1000,
    jitterMs * 1000,
    lossPercent * 10_000,
    reorderPercent * 10_000,
    reorderMs * 1000,
    rateMbps * 1e6,
  ]
    .map(number => Math.round(number))
    .join(' ');
}
