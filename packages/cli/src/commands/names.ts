import type { AgentStatus } from '@evio/agent/control';
import type { Named } from '../completion/named.ts';
import type { Context } from '../context.ts';
import { type AgentOptions, clientOf } from './agent-options.ts';

/** Somebody waits with a finger on the Tab key. Milliseconds. */
const PATIENCE_MS = 500;
/**
 * Other members choose their names: what could mean something to a shell, or to the lines that are
 * printed here, is left to be typed by hand, or stands there as an id.
 */
const PLAIN = /^[\w.@+-]+$/;

/**
 * `evio names KIND`, for completions: one word per line, a tab, and what it stands for. Prints nothing
 * when no agent answers in time: a shell has no place for errors.
 */
export async function names(
  { output }: Context,
  kind: Named,
  options: Pick<AgentOptions, 'socket'>,
): Promise<void> {
  const status = await asked(options);
  if (status === undefined) return;
  const lines = namesOf(status, kind).map(({ word, meaning }) => `${word}\t${meaning}`);
  if (lines.length > 0) output.print(lines.join('\n'));
}

async function asked(options: Pick<AgentOptions, 'socket'>): Promise<AgentStatus | undefined> {
  try {
    return await (await clientOf(options)).status(AbortSignal.timeout(PATIENCE_MS));
  } catch {
    // No agent, no right to ask it, or no answer in time: then there is nothing to offer.
    return undefined;
  }
}

interface Name {
  readonly word: string;
  readonly meaning: string;
}

/** The words of a kind, each once. A node whose name another has too is named by its account. */
export function namesOf({ overlays }: AgentStatus, kind: Named): Name[] {
  const peers = overlays.flatMap(overlay => overlay.peers);
  const idsOf = Map.groupBy(peers, ({ name }) => name);
  const named = {
    node: () =>
      peers.map(({ id, jid, name, addresses }) => {
        const own = new Set(idsOf.get(name)?.map(peer => peer.id)).size === 1 ? name : jid;
        return { word: PLAIN.test(own) ? own : id, meaning: addresses.join(' ') };
      }),
    account: () => peers.map(({ id, jid }) => ({ word: jid, meaning: id })),
    overlay: () => overlays.map(({ name, interface: device }) => ({ word: name, meaning: device })),
  }[kind]();
  const once = new Map(named.map(each => [each.word, each]));
  return [...once.values()].filter(({ word }) => PLAIN.test(word));
}
