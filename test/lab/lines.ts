import type { ChildProcess } from 'node:child_process';
import { Socket } from 'node:net';

/**
 * The next line that a child process prints on its standard output.
 *
 * @throws Error when the process ends, or when nothing comes within `timeoutMs`.
 */
export function firstLine(child: ChildProcess, who: string, timeoutMs = 10_000): Promise<string> {
  const { stdout } = child;
  if (stdout === null) throw new TypeError(`${who} was started without a pipe for its output`);
  return new Promise((resolve, reject) => {
    let text = '';
    const finish = (settle: () => void): void => {
      clearTimeout(timer);
      stdout.off('data', onData);
      child.off('close', onClose);
      settle();
    };
    const onData = (chunk: Buffer): void => {
      text += chunk.toString();
      const end = text.indexOf('\n');
      if (end >= 0) finish(() => resolve(text.slice(0, end)));
    };
    const onClose = (code: number | null): void => {
      const said = text.trim();
      finish(() => reject(new Error(`${who} ended with ${code ?? 'a signal'}: ${said}`)));
    };
    const timer = setTimeout(() => {
      finish(() => reject(new Error(`${who} said nothing for ${timeoutMs} ms`)));
    }, timeoutMs);
    stdout.on('data', onData);
    child.once('close', onClose);
  });
}

/** Lets this process end while the child still runs. */
export function detach(child: ChildProcess): void {
  child.unref();
  for (const stream of [child.stdin, child.stdout, child.stderr]) {
    if (stream instanceof Socket) stream.unref();
  }
}
