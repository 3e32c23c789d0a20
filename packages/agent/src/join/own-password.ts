import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { readPrivateFile, writePrivateFile } from '@evio/session';
import { type AccountLogin, withAccount } from '@evio/signaling';
import { EvioError, type Invitation } from '@evio/types';
import { StepError } from './step.ts';

/** Bytes of the password that replaces the one-time one. */
const PASSWORD_BYTES = 24;

export interface OwnPasswordOptions {
  readonly invitation: Invitation;
  /** PEM of what vouches for the hub; the system's authorities when absent. */
  readonly ca: string | undefined;
  /** From a configuration that is there already. */
  readonly configured: string | undefined;
  /** Keeps the new password from before the account gets it. */
  readonly pending: string;
  /** Seconds since 1970. */
  readonly now: number;
  /** Logs in; tests put their own in its place. */
  readonly login?: typeof withAccount;
}

export interface OwnPassword {
  readonly password: string;
  /** It was the account's before this run. */
  readonly kept: boolean;
}

/**
 * Gives the account a password that only this host knows.
 *
 *   1. The one that a former run left, in the configuration or pending, is tried: it may be the
 *      account's already.
 *   2. Else a new one is written to the pending file, and only then replaces the one-time one. So
 *      whatever happens between, the next run knows it.
 *
 * The pending file stays; the caller removes it when the configuration has the password.
 *
 * @throws StepError `INVITATION_EXPIRED`, `INVITATION_REFUSED`, or what the login says.
 */
export async function ownPassword(options: OwnPasswordOptions): Promise<OwnPassword> {
  const { invitation, ca, configured, pending, login = withAccount } = options;
  const { account, service } = invitation;
  const as = (password: string): AccountLogin => ({
    jid: account,
    password,
    service,
    ...(ca !== undefined && { ca }),
    random: bytes => new Uint8Array(randomBytes(bytes)),
  });
  const waiting = readPrivateFile(pending)?.trim() || undefined;
  for (const password of [configured, waiting]) {
    if (password === undefined) continue;
    if (await accepted(() => login(as(password), async () => undefined))) {
      return { password, kept: true };
    }
  }
  refuseExpired(invitation, options.now);
  const password = waiting ?? randomBytes(PASSWORD_BYTES).toString('base64url');
  writePrivateFile(pending, `${password}\n`);
  const changed = await accepted(() =>
    login(as(invitation.password), async ({ changePassword }) => changePassword(password)),
  );
  if (changed) return { password, kept: false };
  rmSync(pending, { force: true });
  throw new StepError(
    'account',
    'INVITATION_REFUSED',
    `the hub no longer takes the password of this invitation for ${account}: it was used already, ` +
      'or taken back, or a newer one was made',
    `ask for a new one. If ${account} should not be in use: evio hub remove-node ${nodeOf(account)}; ` +
      `then: evio hub invite ${nodeOf(account)}`,
  );
}

/**
 * @param now seconds since 1970.
 * @throws StepError `INVITATION_EXPIRED`
 */
export function refuseExpired({ account, expires }: Invitation, now: number): void {
  if (now < expires) return;
  const date = (seconds: number) => new Date(seconds * 1000).toISOString().slice(0, 16);
  throw new StepError(
    'invitation',
    'INVITATION_EXPIRED',
    `the invitation was good until ${date(expires)} UTC, and here it is ${date(now)}`,
    `ask for a new one (evio hub invite ${nodeOf(account)}), or set this host's clock if it is wrong`,
  );
}

/** `edge-a` of `edge-a@example.org`. */
export function nodeOf(account: string): string {
  return account.split('@')[0] ?? account;
}

/** Whether the server took the password; other failures are thrown. */
async function accepted(attempt: () => Promise<unknown>): Promise<boolean> {
  try {
    await attempt();
    return true;
  } catch (error) {
    if (!(error instanceof EvioError)) throw error;
    if (error.code === 'AUTH_FAILED') return false;
    const mend =
      error.code === 'SIGNALING_REFUSED'
        ? "the hub must let accounts change their password (XEP-0077; Prosody's " +
          'mod_user_account_management): run evio hub init and evio hub up there again'
        : 'see that the hub runs and this host reaches it';
    throw new StepError('account', error.code, error.message, mend, { cause: error });
  }
}
