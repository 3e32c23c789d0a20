import { EvioError } from '@evio/types';
import type { Element } from '@xmpp/xml';
import { type Jid, readJid } from './jid.ts';
import { linkMessageFrom } from './jingle.ts';
import type { LinkMessage } from './link-message.ts';
import { NS_CLIENT, NS_EXTDISCO, NS_JINGLE, NS_PING, NS_ROSTER } from './namespaces.ts';
import { recordIn } from './presence.ts';

/** Whom we believe what. */
export interface InboundContext {
  /** Our own full JID, as the server has bound it. */
  readonly self: Jid;
  /** Whether a bare JID is a member of the overlay. */
  readonly isMember: (account: string) => boolean;
}

/** Why a stanza is ignored; each is a counter. */
export type IgnoredReason =
  /** From somebody who is not a member, or not allowed to say this. */
  | 'foreign'
  /** Its form is wrong. */
  | 'malformed'
  /** Something else than we speak. */
  | 'unsupported'
  /** Our own presence, which a server sends back. */
  | 'own';

/** What a stanza from the server means. */
export type Inbound =
  /** Result or error of a request; `from` is undefined for our own server and account. */
  | {
      readonly kind: 'reply';
      readonly id: string;
      readonly from: string | undefined;
      readonly ok: boolean;
    }
  | { readonly kind: 'roster'; readonly query: Element; readonly reply: ReplyTo }
  | { readonly kind: 'services'; readonly services: Element; readonly reply: ReplyTo }
  | { readonly kind: 'ping'; readonly reply: ReplyTo }
  | {
      readonly kind: 'message';
      readonly from: string;
      readonly message: LinkMessage;
      readonly reply: ReplyTo;
    }
  /** A request that gets an error for an answer. */
  | {
      readonly kind: 'refuse';
      readonly condition: 'bad-request' | 'service-unavailable';
      readonly reason: IgnoredReason;
      readonly reply: ReplyTo;
    }
  | {
      readonly kind: 'available';
      readonly jid: string;
      readonly account: string;
      readonly record: Uint8Array;
    }
  | { readonly kind: 'unavailable'; readonly jid: string }
  | { readonly kind: 'ignored'; readonly reason: IgnoredReason };

/** Where the answer to an IQ request goes. */
export interface ReplyTo {
  readonly to: string | undefined;
  readonly id: string;
}

const FOREIGN: Inbound = { kind: 'ignored', reason: 'foreign' };
const MALFORMED: Inbound = { kind: 'ignored', reason: 'malformed' };
const UNSUPPORTED: Inbound = { kind: 'ignored', reason: 'unsupported' };

/**
 * Reads a stanza, in this order: is it for us, from whom is it, may they say this, is it well
 * formed. Nothing is thrown, whatever comes.
 */
export function readInbound(stanza: Element, context: InboundContext): Inbound {
  if (stanza.getNS() !== NS_CLIENT) return UNSUPPORTED;
  const { self } = context;
  const to = stanza.attrs.to;
  if (to !== undefined) {
    const target = readJid(to);
    if (target?.full !== self.full && target?.full !== self.bare) return MALFORMED;
  }
  // Without `from` it is from our own account, on whose behalf our server speaks (RFC 6120 §8.1.2.1).
  const from = stanza.attrs.from === undefined ? self.bare : stanza.attrs.from;
  const sender = readJid(from);
  if (sender === undefined) return MALFORMED;
  switch (stanza.name) {
    case 'iq':
      return readIq(stanza, sender, context);
    case 'presence':
      return readPresence(stanza, sender, context);
    default:
      return UNSUPPORTED;
  }
}

/** Our server itself: by its domain, or by our own bare JID. */
function isServer(sender: Jid, self: Jid): boolean {
  return sender.full === self.bare || sender.full === self.domain;
}

function readIq(stanza: Element, sender: Jid, { self, isMember }: InboundContext): Inbound {
  const { id, type } = stanza.attrs;
  if (id === undefined || id.length === 0 || id.length > 256) return MALFORMED;
  const server = isServer(sender, self);
  if (type === 'result' || type === 'error') {
    return { kind: 'reply', id, from: server ? undefined : sender.full, ok: type === 'result' };
  }
  if (!server && !isMember(sender.bare)) return FOREIGN;
  const reply: ReplyTo = { to: stanza.attrs.from, id };
  const children = stanza.getChildElements();
  const [child] = children;
  if ((type !== 'get' && type !== 'set') || child === undefined || children.length !== 1) {
    return { kind: 'refuse', condition: 'bad-request', reason: 'malformed', reply };
  }
  if (type === 'get' && child.is('ping', NS_PING)) return { kind: 'ping', reply };
  if (type === 'set' && child.is('query', NS_ROSTER)) {
    // RFC 6121 §2.1.6: only our own account; anybody else would name himself a member.
    return sender.full === self.bare ? { kind: 'roster', query: child, reply } : FOREIGN;
  }
  if (type === 'set' && child.is('services', NS_EXTDISCO)) {
    return server ? { kind: 'services', services: child, reply } : FOREIGN;
  }
  if (type === 'set' && child.is('jingle', NS_JINGLE)) {
    if (sender.resource === '' || sender.full === self.full) return FOREIGN;
    return readJingle(child, sender, reply);
  }
  return { kind: 'refuse', condition: 'service-unavailable', reason: 'unsupported', reply };
}

function readJingle(jingle: Element, sender: Jid, reply: ReplyTo): Inbound {
  try {
    return { kind: 'message', from: sender.full, message: linkMessageFrom(jingle), reply };
  } catch (error) {
    if (!(error instanceof EvioError)) throw error;
    return error.code === 'JINGLE_UNSUPPORTED'
      ? { kind: 'refuse', condition: 'service-unavailable', reason: 'unsupported', reply }
      : { kind: 'refuse', condition: 'bad-request', reason: 'malformed', reply };
  }
}

function readPresence(stanza: Element, sender: Jid, { self, isMember }: InboundContext): Inbound {
  const type = stanza.attrs.type;
  if (!isMember(sender.bare)) return FOREIGN;
  if (sender.resource === '') return UNSUPPORTED;
  if (sender.full === self.full) return { kind: 'ignored', reason: 'own' };
  if (type === 'unavailable') return { kind: 'unavailable', jid: sender.full };
  if (type !== undefined) return UNSUPPORTED;
  try {
    const record = recordIn(stanza);
    if (record === undefined) return { kind: 'unavailable', jid: sender.full };
    return { kind: 'available', jid: sender.full, account: sender.bare, record };
  } catch (error) {
    if (!(error instanceof EvioError)) throw error;
    return MALFORMED;
  }
}
