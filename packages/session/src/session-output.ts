import type { EvioError } from '@evio/types';
import type { TransportCipher } from './handshake-message.ts';
import type { AgreedSession } from './pair-handshake.ts';

/** How the session with a peer stands; `since` is in the milliseconds of `now`. */
export type SessionState =
  | { readonly state: 'up'; readonly cipher: TransportCipher; readonly since: number }
  | { readonly state: 'handshaking' | 'down'; readonly since: number };

/** What a `PeerSession` wants done, to be carried out in the order it comes. */
export type SessionOutput =
  /** Send this handshake datagram on the peer's path; dropped when there is none. */
  | { readonly type: 'send'; readonly bytes: Uint8Array }
  /** Give the datapath these keys. */
  | { readonly type: 'install'; readonly session: AgreedSession }
  /** Take these keys from the datapath. */
  | { readonly type: 'remove'; readonly localIndex: number }
  /** The state changed, or new keys took over (`up` again with another `since`). */
  | ({ readonly type: 'state' } & SessionState)
  /** Something an operator should see; the session goes on. */
  | { readonly type: 'failed'; readonly error: EvioError };

/** Counts of one session; errors of received datagrams stand under their code. */
export type SessionCounters = Readonly<Record<string, number>>;
