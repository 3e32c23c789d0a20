import { type ChildProcess, spawn } from 'node:child_process';

/** What a finished command left behind. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How {@link run} treats a command. */
export interface CommandOptions {
  /** Written to its standard input. */
  readonly input?: string;
  /** Killed (SIGKILL) and reported as an error after this long; 30,000 when absent. */
  readonly timeoutMs?: number;
  /** When false, an exit code other than 0 is a result, not an error. */
  readonly check?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** The command failed, or took too long. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly result: CommandResult;

  constructor(message: string, result: CommandResult) {
    super(message);
    this.result = result;
  }
}

/**
 * Runs a command to its end and returns what it printed.
 *
 * @throws CommandError when it exits with another code than 0 (unless `check` is false), or when it
 * does not end in time.
 */
export async function run(
  argv: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const [program, ...args] = argv;
  if (program === undefined) throw new TypeError('expected a command, got an empty list');
  const child = spawn(program, args, {
    stdio: 'pipe',
    env: { ...process.env, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const timeoutMs = options.timeoutMs ?? 30_000;
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, timeoutMs);
  // A command that ends without reading its input is no error of ours.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  const [stdout, stderr, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    exitCode(child),
  ]).finally(() => clearTimeout(timer));
  const result = { code, stdout, stderr };
  if (late) throw new CommandError(`"${argv.join(' ')}" did not end in ${timeoutMs} ms`, result);
  if (code !== 0 && options.check !== false) {
    const said = (stderr.trim() || stdout.trim()).slice(-2000);
    throw new CommandError(`"${argv.join(' ')}" exited with ${code}: ${said}`, result);
  }
  return result;
}

/** Waits for the end of a process; 128 + n stands for signal n, as in a shell (here always 128). */
export function exitCode(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    if (child.exitCode !== null) resolve(child.exitCode);
    else if (child.signalCode !== null) resolve(128);
    else {
      child.once('error', reject);
      child.once('close', code => resolve(code ?? 128));
    }
  });
}

async function text(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
