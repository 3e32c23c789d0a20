import { fetchPinnedAuthority } from '@evio/signaling';
import { EvioError, type Invitation } from '@evio/types';
import { nodeOf } from './own-password.ts';
import { done, type Step, StepError } from './step.ts';

const REACH_MS = 10_000;

/** The hub's certificate; or, for a host that has joined, that the hub is away. */
export type FoundHub =
  | { readonly away: true; readonly step: Step }
  | { readonly away: false; readonly step: Step; readonly ca: string | undefined };

const AWAY: ReadonlySet<string> = new Set(['XMPP_UNREACHABLE', 'XMPP_TIMEOUT']);

/** Whether the hub was not reached at all. */
export function isAway(error: unknown): error is EvioError {
  return error instanceof EvioError && AWAY.has(error.code);
}

/** What a host that has joined says when the hub is away. */
export function goesOn({ message }: EvioError): Step {
  const finding = `${message}; this host has joined before and goes on without it`;
  return { step: 'hub', state: 'look at', finding };
}

/**
 * Gets the hub's certificate, by the pin. A host that has joined needs no hub to start: the overlay
 * lives without it.
 *
 * @throws StepError `PIN_MISMATCH`, or why the hub is not reached
 */
export async function findHub(invitation: Invitation, hasJoined: boolean): Promise<FoundHub> {
  const { service, account, pin } = invitation;
  if (pin === undefined) {
    const step = done('hub', `${service} is to have a certificate of a public authority`);
    return { away: false, step, ca: undefined };
  }
  const domain = account.slice(account.indexOf('@') + 1);
  try {
    const ca = await fetchPinnedAuthority({ service, domain, pin, timeoutMs: REACH_MS });
    return { away: false, step: done('hub', `${service} shows the invitation's certificate`), ca };
  } catch (error) {
    if (!(error instanceof EvioError)) throw error;
    if (hasJoined && isAway(error)) return { away: true, step: goesOn(error) };
    const mend =
      error.code === 'PIN_MISMATCH'
        ? 'start the hub again (evio hub up) if it is older than the invitation; then ask for a new ' +
          `one: evio hub invite ${nodeOf(account)}`
        : `see that the hub runs (evio hub up), and that TCP to ${service} is let through`;
    throw new StepError('hub', error.code, error.message, mend, { cause: error });
  }
}
