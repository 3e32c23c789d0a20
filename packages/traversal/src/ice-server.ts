import type { Endpoint } from '@evio/types';

declare const brand: unique symbol;

/** Names one TCP or TLS connection to a TURN server; the adapter maps it to the datapath's handle. */
export type StreamId = number & { readonly [brand]: 'StreamId' };

/** A STUN or TURN server with its name resolved (RFC 7064, RFC 7065; XEP-0215). */
export interface IceServer {
  readonly kind: 'stun' | 'turn';
  readonly transport: 'udp' | 'tcp' | 'tls';
  readonly endpoint: Endpoint;
  /** Its DNS name, for TLS; entries of one name are one server. */
  readonly serverName?: string;
  /** Long-term credentials; a TURN server without them is ignored. */
  readonly username?: string;
  readonly credential?: string;
  /** When the credentials end, on the same clock as `now`. */
  readonly expiresAt?: number;
}

/** How bytes reach a server. `source`: the local address to send from; the kernel's choice if absent. */
export type Uplink =
  | { readonly kind: 'udp'; readonly server: Endpoint; readonly source?: string }
  | { readonly kind: 'stream'; readonly stream: StreamId };

/** How bytes leave: to a server itself, or through a bound channel to a peer behind it. */
export type ServerVia =
  | { readonly kind: 'uplink'; readonly uplink: Uplink }
  | {
      readonly kind: 'turn';
      readonly uplink: Uplink;
      readonly channel: number;
      readonly remote: Endpoint;
    };
