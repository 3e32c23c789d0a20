/** XML namespaces, under the names of the documents that define them. */

/** RFC 6120. */
export const NS_CLIENT = 'jabber:client';
export const NS_STREAM = 'http://etherx.jabber.org/streams';
export const NS_STREAM_ERRORS = 'urn:ietf:params:xml:ns:xmpp-streams';
export const NS_STANZA_ERRORS = 'urn:ietf:params:xml:ns:xmpp-stanzas';
export const NS_TLS = 'urn:ietf:params:xml:ns:xmpp-tls';
export const NS_SASL = 'urn:ietf:params:xml:ns:xmpp-sasl';
export const NS_BIND = 'urn:ietf:params:xml:ns:xmpp-bind';
/** RFC 6121 §2. */
export const NS_ROSTER = 'jabber:iq:roster';
/** XEP-0077. */
export const NS_REGISTER = 'jabber:iq:register';
/** XEP-0198. */
export const NS_SM = 'urn:xmpp:sm:3';
/** XEP-0199. */
export const NS_PING = 'urn:xmpp:ping';
/** XEP-0215. */
export const NS_EXTDISCO = 'urn:xmpp:extdisco:2';
/** XEP-0166. */
export const NS_JINGLE = 'urn:xmpp:jingle:1';
/** XEP-0176. */
export const NS_ICE_UDP = 'urn:xmpp:jingle:transports:ice-udp:1';
/** Our node record in presence. */
export const NS_NODE = 'urn:evio:node:1';
/** Our application of a Jingle session: an overlay link. */
export const NS_LINK = 'urn:evio:link:1';
