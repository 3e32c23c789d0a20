import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { CniError } from '../protocol/cni-error.ts';

/** One thing that the worker does; native/pod_worker/steps.h lists the verbs and their words. */
export type PodStep = readonly [verb: string, ...words: string[]];

/** Carries steps out, in this order, up to the first that fails. */
export interface PodSteps {
  /** @throws CniError code 100 that names the step that failed, code 5 when there is no worker. */
  carryOut(steps: readonly PodStep[]): Promise<void>;
}

/** A kernel that takes longer for a handful of steps is beyond help. */
const TIMEOUT_MS = 20_000;

interface Waiting {
  readonly steps: readonly PodStep[];
  readonly resolve: () => void;
  readonly reject: (error: CniError) => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * The native pod worker: a process that goes into pods' namespaces, which this one cannot. It is started at
 * the first request and again after it ended; requests are carried out one after the other.
 */
export class PodWorker implements PodSteps {
  readonly #file: string;
  readonly #waiting: Waiting[] = [];
  #child: ChildProcess | undefined;
  #said = '';

  /** `file`: the program. */
  constructor(file: string) {
    this.#file = file;
  }

  carryOut(steps: readonly PodStep[]): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const child = this.#child ?? this.#start();
    const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
    this.#waiting.push({ steps, resolve, reject, timer });
    child.stdin?.write(encodeSteps(steps));
    return promise;
  }

  #start(): ChildProcess {
    const child = spawn(this.#file, [], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child = child;
    this.#said = '';
    // It alone keeps nobody alive: without this process it reads the end of its input, and ends.
    for (const each of [child, child.stdin as Socket | null, child.stdout as Socket | null]) {
      each?.unref();
    }
    child.stdin?.on('error', () => undefined); // 'close' tells it
    child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#hear(text));
    const ended = (why: string) => {
      if (this.#child !== child) return;
      this.#child = undefined;
      for (const { reject, timer } of this.#waiting.splice(0)) {
        clearTimeout(timer);
        reject(new CniError('ioFailure', `${this.#file} ended`, { details: why }));
      }
    };
    child.once('error', ({ message }) => ended(message));
    child.once('close', (code, signal) => ended(signal ?? `exit code ${code}`));
    return child;
  }

  #hear(text: string): void {
    const lines = `${this.#said}${text}`.split('\n');
    this.#said = lines.pop() ?? '';
    for (const line of lines) {
      const { steps, resolve, reject, timer } = this.#waiting.shift() ?? {};
      clearTimeout(timer);
      if (line === 'ok') resolve?.();
      else reject?.(failure(line, steps ?? []));
    }
  }
}

/** As native/pod_worker/steps.h says. */
export function encodeSteps(steps: readonly PodStep[]): Uint8Array {
  const parts = steps.flatMap(step => [
    Uint8Array.of(step.length),
    Buffer.from(`${step.join('\0')}\0`),
  ]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(parts.reduce((sum, { length: bytes }) => sum + bytes, 0));
  return Buffer.concat([length, ...parts]);
}

/** `line`: number of the step, and why. */
function failure(line: string, steps: readonly PodStep[]): CniError {
  const [number = '', ...why] = line.split(' ');
  const step = steps[Number(number)]?.filter(word => word !== '').join(' ') ?? line;
  return new CniError('networkFailure', step, { details: why.join(' ') });
}
