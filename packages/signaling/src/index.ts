/**
 * XMPP: how nodes find each other and exchange what it takes to make a link. The server is trusted
 * to name the members of the overlay, and with nothing else: node records are signed, offers carry
 * an encrypted handshake, and losing the server never touches a link.
 *
 * In come an account and our node record; out come the peers with theirs (`peers`), their offers and
 * answers (`messages`), and STUN and TURN servers with credentials (`iceServers`). The package holds
 * these failures off: a login that shows the password, a server that only pretends to know us, a
 * connection that died unnoticed, a message delivered twice, a stanza forged by somebody outside the
 * group, a stanza of any size.
 *
 * The XML stream is that of `@xmpp/client`. `xml-stream.ts` says what is replaced in it; `login.ts`
 * and `session.ts` are the two halves of a connection's life, `inbound.ts` decides whom to believe.
 *
 * @example
 * const client = new SignalingClient({
 *   jid: 'edge-a@example.org', password, resource: nodeId, group: 'edge', random, logger,
 * });
 * client.peers.subscribe(event => console.log(event.type, event.jid));
 * client.messages.subscribe(({ from, message }) => console.log(from, message.kind));
 * client.announce(record);
 * client.start();
 */
export { type Account, type AccountLogin, withAccount } from './account.ts';
export type { SignalingCounters } from './counters.ts';
export type { ClientCertificate } from './dial.ts';
export type { PeerEvent } from './directory.ts';
export type { RawIceServer } from './external-services.ts';
export { type Jid, parseJid } from './jid.ts';
export type { IceCredentials, LinkMessage } from './link-message.ts';
export type { SignalingLogger, SignalingOptions, SignalingTimes } from './options.ts';
export { fetchPinnedAuthority, type PinnedHub } from './pinned-authority.ts';
export type { Members } from './roster.ts';
export { parseService } from './service.ts';
export { SignalingClient } from './signaling-client.ts';
export type { SignalingState } from './signaling-state.ts';
export type { ResolveSrv, SrvRecord } from './srv.ts';
