import { spawn } from 'node:child_process';
import { CniError } from '../protocol/cni-error.ts';

export interface ProgramResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end; tests put their own in its place. */
export type RunProgram = (
  argv: readonly [string, ...string[]],
  options?: {
    readonly input?: string;
    /** Instead of the agent's environment. */
    readonly environment?: Readonly<Record<string, string>>;
  },
) => Promise<ProgramResult>;

/** None of those that we run takes longer unless the host is beyond help. */
const TIMEOUT_MS = 20_000;

/** @throws CniError code 5 when the program cannot be run or does not end. */
export const runProgram: RunProgram = ([program, ...args], { input = '', environment } = {}) =>
  new Promise((resolve, reject) => {
    const env = environment ?? { ...process.env, LC_ALL: 'C' };
    const child = spawn(program, args, { stdio: 'pipe', timeout: TIMEOUT_MS, env });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.once('error', cause => {
      const details = cause.message;
      reject(new CniError('ioFailure', `${program} cannot be run`, { details, cause }));
    });
    child.once('close', (code, signal) => {
      if (code !== null) resolve({ code, stdout, stderr });
      else reject(new CniError('ioFailure', `${program} was ended by ${signal ?? 'a signal'}`));
    });
    // A program that ends without reading its input tells why by its exit code.
    child.stdin.on('error', () => child.stdin.destroy());
    child.stdin.end(input);
  });
