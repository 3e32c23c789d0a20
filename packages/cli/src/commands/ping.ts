import type { PeerListing, PingReply } from '@evio/agent/control';
import { EvioError } from '@evio/types';
import type { Context } from '../context.ts';
import { formatPath, formatRtt } from '../format.ts';
import { type AgentOptions, clientOf } from './agent-options.ts';

export interface PingFlags extends AgentOptions {
  readonly overlay?: string;
  readonly count: number;
  /** Seconds. */
  readonly interval: number;
  /** Seconds. */
  readonly timeout: number;
  /** Bytes; 0: the smallest. */
  readonly size: number;
}

/** `evio ping NODE`: encrypted echo requests to a peer; fails when none is answered. */
export async function ping(context: Context, node: string, flags: PingFlags): Promise<void> {
  const { output } = context;
  const client = await clientOf(flags);
  const stop = new AbortController();
  const onInterrupt = () => stop.abort();
  process.once('SIGINT', onInterrupt);
  const replies: PingReply[] = [];
  let target: PeerListing | undefined;
  try {
    const request = {
      node,
      ...(flags.overlay !== undefined && { overlay: flags.overlay }),
      count: flags.count,
      intervalMs: flags.interval * 1000,
      timeoutMs: flags.timeout * 1000,
      datagramBytes: flags.size,
    };
    for await (const line of client.ping(request, stop.signal)) {
      if ('target' in line) {
        target = line.target;
        if (!flags.json) output.print(`ping ${target.name} (${target.id}) in ${target.overlay}`);
      } else {
        replies.push(line.reply);
        if (!flags.json) output.print(describe(line.reply, output.style));
      }
    }
  } catch (error) {
    // Ctrl-C ends the series; what came until then is summed up.
    if (!stop.signal.aborted) throw error;
  } finally {
    process.removeListener('SIGINT', onInterrupt);
  }
  if (!target) throw new EvioError('AGENT_ANSWER_INVALID', 'the agent answered nothing');
  const summary = sumUp(replies);
  if (flags.json) output.json({ target, replies, ...summary });
  else output.print(summaryLine(summary));
  if (summary.received === 0) context.fail(1);
}

function describe(reply: PingReply, style: Context['output']['style']): string {
  if (reply.rttMs === null) return style.bad(`${reply.sequence}: no reply`);
  return `${reply.sequence}: ${formatRtt(reply.rttMs)}, ${reply.datagramBytes} bytes, ${formatPath(reply.path)}`;
}

interface Summary {
  readonly sent: number;
  readonly received: number;
  /** Milliseconds; null without any reply. */
  readonly rttMs: { readonly min: number; readonly mean: number; readonly max: number } | null;
}

function sumUp(replies: readonly PingReply[]): Summary {
  const rtts = replies.flatMap(({ rttMs }) => (rttMs === null ? [] : [rttMs]));
  const mean = rtts.reduce((sum, each) => sum + each, 0) / rtts.length;
  return {
    sent: replies.length,
    received: rtts.length,
    rttMs: rtts.length === 0 ? null : { min: Math.min(...rtts), mean, max: Math.max(...rtts) },
  };
}

function summaryLine({ sent, received, rttMs }: Summary): string {
  const counts = `${received} of ${sent} answered`;
  if (rttMs === null) return counts;
  const { min, mean, max } = rttMs;
  return `${counts}; round trip least ${formatRtt(min)}, mean ${formatRtt(mean)}, most ${formatRtt(max)}`;
}
