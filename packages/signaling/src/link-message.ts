import type { Candidate, LinkRole } from '@evio/types';

/** What ICE on the other end must know to check our candidates (RFC 8445 §5.3). */
export interface IceCredentials {
  /** 4 to 256 ice-chars. */
  readonly ufrag: string;
  /** 22 to 256 ice-chars. */
  readonly password: string;
}

/** What two nodes tell each other over XMPP to make a link. `session` is the Jingle session id. */
export type LinkMessage =
  | {
      readonly kind: 'offer' | 'answer';
      readonly session: string;
      readonly credentials: IceCredentials;
      readonly candidates: readonly Candidate[];
      /** Noise message, opaque here. */
      readonly handshake?: Uint8Array;
      /** Of an offer: what the link is for. */
      readonly role?: LinkRole;
    }
  | {
      readonly kind: 'candidates';
      readonly session: string;
      readonly credentials: IceCredentials;
      readonly candidates: readonly Candidate[];
      /** No more will come (RFC 8838 §13). */
      readonly done?: boolean;
    }
  | { readonly kind: 'end'; readonly session: string; readonly reason: string };
