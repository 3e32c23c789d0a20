import type { Endpoint } from '@evio/types';
import type { IceRole } from './candidate-pair.ts';
import { encodeStun, STUN_METHOD, type StunMessage } from './stun-message.ts';

// The Binding messages of ICE (RFC 8445 §7). Requests carry USERNAME "theirs:ours" and are keyed
// with the receiver's password; answers are keyed with the same password (RFC 8445 §7.2.2).

/** Short-term credentials of one side (RFC 8445 §5.3). */
export interface IceCredentials {
  readonly ufrag: string;
  readonly password: string;
}

/** RFC 8445 §5.3: 4 to 256 ice-chars and 22 to 256 ice-chars. */
export function areCredentials({ ufrag, password }: IceCredentials): boolean {
  return /^[A-Za-z0-9+/]{4,256}$/.test(ufrag) && /^[A-Za-z0-9+/]{22,256}$/.test(password);
}

/** Fresh credentials: 48 bits to tell sessions apart, 144 bits to prove it. */
export function newCredentials(random: (bytes: number) => Uint8Array): IceCredentials {
  return {
    ufrag: Buffer.from(random(6)).toString('base64'),
    password: Buffer.from(random(18)).toString('base64'),
  };
}

/** The key of a password. */
export function shortTermKey(password: string): Uint8Array {
  return Buffer.from(password, 'utf8');
}

/** What a check tells the peer (RFC 8445 §7.1). */
export interface CheckFields {
  readonly transactionId: string;
  readonly localUfrag: string;
  readonly remote: IceCredentials;
  readonly priority: number;
  readonly role: IceRole;
  readonly tieBreaker: bigint;
  readonly nominate: boolean;
}

/** RFC 8445 §7.2.2. */
export function encodeCheck(check: CheckFields): Uint8Array {
  return encodeStun({
    method: STUN_METHOD.binding,
    class: 'request',
    transactionId: check.transactionId,
    attributes: {
      USERNAME: `${check.remote.ufrag}:${check.localUfrag}`,
      PRIORITY: check.priority,
      [check.role === 'controlling' ? 'ICE-CONTROLLING' : 'ICE-CONTROLLED']: check.tieBreaker,
      ...(check.nominate ? { 'USE-CANDIDATE': true as const } : {}),
    },
    key: shortTermKey(check.remote.password),
  });
}

/** RFC 8445 §7.3.1.2: tells the peer where its check came from. */
export function encodeCheckSuccess(
  request: StunMessage,
  from: Endpoint,
  localPassword: string,
): Uint8Array {
  return encodeStun({
    method: STUN_METHOD.binding,
    class: 'success',
    transactionId: request.transactionId,
    attributes: { 'XOR-MAPPED-ADDRESS': from },
    key: shortTermKey(localPassword),
  });
}

/** RFC 8489 §6.3.1.1 (420) and RFC 8445 §7.3.1.1 (487). */
export function encodeCheckError(
  request: StunMessage,
  code: 420 | 487,
  localPassword: string,
): Uint8Array {
  return encodeStun({
    method: STUN_METHOD.binding,
    class: 'error',
    transactionId: request.transactionId,
    attributes: {
      'ERROR-CODE': { code, reason: code === 487 ? 'Role Conflict' : 'Unknown Attribute' },
      ...(code === 420 ? { 'UNKNOWN-ATTRIBUTES': request.unknownRequired } : {}),
    },
    key: shortTermKey(localPassword),
  });
}

/**
 * The two halves of a check's USERNAME: the receiver's ufrag and the sender's.
 * Undefined when the message has none or it is not of this form.
 */
export function checkUsername(message: StunMessage): { to: string; from: string } | undefined {
  const [to, from, ...rest] = message.get('USERNAME')?.split(':') ?? [];
  return to && from && rest.length === 0 ? { to, from } : undefined;
}
