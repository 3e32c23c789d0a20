import type { EvioError } from '@evio/types';

export interface SignalingState {
  readonly state: 'connecting' | 'online' | 'offline';
  /** On the clock of `options.now`, in milliseconds. */
  readonly since: number;
  /** Why we are not online; also while the next attempt runs. */
  readonly error?: EvioError;
  /** When offline: how long until the next attempt, counted from `since`. */
  readonly retryInMs?: number;
}

/** Errors that asking again soon makes worse: they wait as `Failure` "refused". */
export const REFUSALS: ReadonlySet<string> = new Set([
  'AUTH_FAILED',
  'AUTH_NO_MECHANISM',
  'JID_MISMATCH',
  'PASSWORD_INVALID',
  'RESOURCE_CONFLICT',
  'SERVER_NOT_AUTHENTICATED',
]);
