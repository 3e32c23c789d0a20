import { setInterval } from 'node:timers/promises';
import { EvioError } from '@evio/types';
import type { Output } from './output.ts';

/** Top left, and nothing below. */
const CLEAR = '\x1b[H\x1b[J';

/**
 * Shows something again at each tick: on a terminal in its place, else one after another. An agent
 * that is away is said so and asked again: it may be restarting.
 *
 * @param show collects what is to be seen and prints it to the output that it is given.
 */
export async function watch(
  output: Output,
  ticks: AsyncIterable<unknown>,
  show: (output: Output) => Promise<void>,
): Promise<void> {
  for await (const _ of ticks) {
    const lines: string[] = [];
    const print = (text: string) => void lines.push(text);
    try {
      await show({ ...output, print });
    } catch (error) {
      if (!(error instanceof EvioError) || error.code !== 'AGENT_DOWN') throw error;
      lines.push(output.style.bad(error.message));
    }
    const text = lines.join('\n');
    if (text !== '') output.print(output.terminal ? `${CLEAR}${text}` : text);
  }
}

/** Now, and then every so many seconds, until Ctrl-C. */
export async function* untilInterrupted(seconds: number): AsyncGenerator<void> {
  const stop = new AbortController();
  const onInterrupt = () => stop.abort();
  process.once('SIGINT', onInterrupt);
  try {
    yield;
    for await (const _ of setInterval(seconds * 1000, undefined, { signal: stop.signal })) yield;
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    process.removeListener('SIGINT', onInterrupt);
  }
}
