import type { TLSSocket } from 'node:tls';
import { EvioError } from '@evio/types';
import { type DialOptions, dial } from './dial.ts';
import type { Target } from './service.ts';

/** What tells the user most comes first. */
const TELLING = ['TLS_NAME_MISMATCH', 'TLS_UNTRUSTED', 'TLS_REQUIRED', 'TLS_FAILED'];

function rank({ code }: EvioError): number {
  const index = TELLING.indexOf(code);
  return index < 0 ? TELLING.length : index;
}

/**
 * Connects to the first target that answers.
 *
 * @throws EvioError the most telling failure, when none does
 */
export async function connect(
  targets: readonly Target[],
  options: DialOptions,
  stop: AbortSignal,
): Promise<{ socket: TLSSocket; target: Target }> {
  let worst: EvioError | undefined;
  for (const target of targets) {
    try {
      return { socket: await dial(target, options, stop), target };
    } catch (error) {
      if (!(error instanceof EvioError) || stop.aborted) throw error;
      if (worst === undefined || rank(error) < rank(worst)) worst = error;
    }
  }
  throw (
    worst ??
    new EvioError('XMPP_UNREACHABLE', `DNS says that ${options.domain} has no XMPP service`)
  );
}
