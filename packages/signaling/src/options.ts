import { EvioError } from '@evio/types';
import type { ClientCertificate } from './dial.ts';
import type { DirectoryTimes } from './directory.ts';
import { type Jid, parseJid } from './jid.ts';
import type { KeepaliveTimes } from './keepalive.ts';
import type { OutboxTimes } from './outbox.ts';
import { parseService, type Target } from './service.ts';
import type { ResolveSrv } from './srv.ts';

/** The part of a pino logger that we use. */
export interface SignalingLogger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface SignalingTimes extends KeepaliveTimes, OutboxTimes, DirectoryTimes {
  /** For a connection with TLS, per address of the server, in milliseconds. */
  readonly connectMs: number;
  /** For each answer of the server during the login, in milliseconds. */
  readonly stepMs: number;
}

export const TIMES: SignalingTimes = {
  connectMs: 10_000,
  stepMs: 10_000,
  silenceMs: 30_000,
  answerMs: 5000,
  queueMs: 60_000,
  quietMs: 3000,
  longestMs: 15_000,
  lingerMs: 1500,
};

export interface SignalingOptions {
  /** Bare JID of the account: `edge-a@example.org`. */
  readonly jid: string;
  readonly password?: string;
  /** For a login without a password (SASL EXTERNAL). */
  readonly certificate?: ClientCertificate;
  /** `xmpps://host:5223` (TLS) or `xmpp://host:5222` (STARTTLS); from DNS when absent. */
  readonly service?: string;
  /** Certificates that sign the server's, as PEM; the system's when absent. */
  readonly ca?: string;
  /** Show the password to a server that can do nothing better. */
  readonly allowPlain?: boolean;
  /** Name of this node among those of the account; another node must not have it. */
  readonly resource: string;
  /** Roster group whose accounts are members: the overlay's name. */
  readonly group: string;
  /** Unpredictable bytes. */
  readonly random: (bytes: number) => Uint8Array;
  readonly logger: SignalingLogger;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
  readonly resolveSrv?: ResolveSrv;
  readonly times?: Partial<SignalingTimes>;
}

/**
 * Checks what a user configured.
 *
 * @throws EvioError `JID_INVALID`, `SERVICE_INVALID`, `AUTH_NO_CREDENTIALS`
 */
export function checkOptions(options: SignalingOptions): { account: Jid; target?: Target } {
  const { jid, resource, password, certificate, service } = options;
  const account = parseJid(jid);
  if (account.local === '' || account.resource !== '') {
    throw new EvioError('JID_INVALID', `expected an account like edge-a@example.org, got "${jid}"`);
  }
  parseJid(`${account.bare}/${resource}`);
  if (resource === '') throw new EvioError('JID_INVALID', 'expected a resource, got none');
  if (password === undefined && certificate === undefined) {
    throw new EvioError(
      'AUTH_NO_CREDENTIALS',
      `${account.bare} has no password and no certificate`,
    );
  }
  return { account, ...(service !== undefined && { target: parseService(service) }) };
}
