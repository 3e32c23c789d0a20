import { spawn } from 'node:child_process';
import { EvioError } from '@evio/types';

export interface CommandResult {
  /** Exit code; 128 + signal number is not used: a killed command throws. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program with some input; tests put their own in its place. */
export type RunCommand = (
  program: string,
  args: readonly string[],
  input?: string,
) => Promise<CommandResult>;

/** No command that we run takes longer, unless the host is beyond help. */
const TIMEOUT_MS = 10_000;

/**
 * A way to run programs that take at most so many milliseconds. It throws EvioError `COMMAND_FAILED`
 * when the program is missing or did not end in time; its exit code is the caller's to judge.
 */
export const runCommandWithin =
  (timeout: number): RunCommand =>
  (program, args, input) =>
    new Promise((resolve, reject) => {
      const child = spawn(program, args, {
        stdio: 'pipe',
        timeout,
        // Messages are told apart by their English text.
        env: { ...process.env, LC_ALL: 'C' },
      });
      let stdout = '';
      let stderr = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        stdout += text;
      });
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        stderr += text;
      });
      const failed = (why: string, cause?: Error) =>
        reject(
          new EvioError(
            'COMMAND_FAILED',
            `${program} ${args.join(' ')}: ${why}`,
            cause && { cause },
          ),
        );
      child.once('error', (error: NodeJS.ErrnoException) => {
        failed(error.code === 'ENOENT' ? `${program} is not installed` : error.message, error);
      });
      child.once('close', (code, signal) => {
        if (code === null) failed(`ended by ${signal ?? 'a signal'}`);
        else resolve({ code, stdout, stderr });
      });
      // A program that ends before it has read everything says why by its exit code.
      child.stdin.on('error', () => child.stdin.destroy());
      child.stdin.end(input ?? '');
    });

/** Runs a program that has to end within ten seconds. */
export const runCommand: RunCommand = runCommandWithin(TIMEOUT_MS);
