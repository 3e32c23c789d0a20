import { EvioError, isLinkRole } from '@evio/types';
import xml, { type Element } from '@xmpp/xml';
import { decodeBase64, encodeBase64 } from './base64.ts';
import { candidateElement, candidateFrom, isIceText } from './jingle-candidate.ts';
import { MAX_CANDIDATES, MAX_HANDSHAKE_BYTES, MAX_REASON_CHARS } from './limits.ts';
import type { IceCredentials, LinkMessage } from './link-message.ts';
import { NS_ICE_UDP, NS_JINGLE, NS_LINK } from './namespaces.ts';

/** Name of the one content of our sessions (XEP-0166 §7.3). */
const CONTENT = 'link';

type Description = Extract<LinkMessage, { kind: 'offer' | 'answer' }>;

const ACTIONS = {
  offer: 'session-initiate',
  answer: 'session-accept',
  candidates: 'transport-info',
  end: 'session-terminate',
} as const;

/** Conditions of XEP-0166 §7.4. */
const REASONS: ReadonlySet<string> = new Set(
  (
    'alternative-session busy cancel connectivity-error decline expired failed-application ' +
    'failed-transport general-error gone incompatible-parameters media-error security-error ' +
    'success timeout unsupported-applications unsupported-transports'
  ).split(' '),
);

// What XML 1.0 §2.2 forbids in text.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be in it
const NOT_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;
const SESSION = /^[\x21-\x7e]{1,128}$/;

function malformed(message: string): EvioError {
  return new EvioError('STANZA_MALFORMED', `jingle: ${message}`);
}

/**
 * Writes a message as `<jingle/>` (XEP-0166 with XEP-0176). The handshake is the description of our
 * application type; every Jingle tool can read the rest.
 *
 * @param self our full JID
 * @param peer the peer's full JID
 * @throws EvioError `STANZA_MALFORMED` when the message breaks a limit that the peer enforces
 */
export function jingleElement(message: LinkMessage, self: string, peer: string): Element {
  if (!SESSION.test(message.session)) throw malformed('sid: expected 1 to 128 visible characters');
  const attrs = { xmlns: NS_JINGLE, action: ACTIONS[message.kind], sid: message.session };
  switch (message.kind) {
    case 'offer':
      return xml('jingle', { ...attrs, initiator: self }, contentElement(message));
    case 'answer':
      return xml('jingle', { ...attrs, initiator: peer, responder: self }, contentElement(message));
    case 'candidates':
      return xml('jingle', attrs, contentElement(message));
    case 'end':
      return xml('jingle', attrs, reasonElement(message.reason));
    default:
      return message satisfies never;
  }
}

function contentElement(message: Exclude<LinkMessage, { kind: 'end' }>): Element {
  const { credentials, candidates } = message;
  if (candidates.length > MAX_CANDIDATES) {
    throw malformed(`expected at most ${MAX_CANDIDATES} candidates, got ${candidates.length}`);
  }
  const description = message.kind === 'candidates' ? undefined : descriptionElement(message);
  const transport = xml(
    'transport',
    { xmlns: NS_ICE_UDP, ufrag: credentials.ufrag, pwd: credentials.password },
    ...candidates.map(candidateElement),
  );
  if (message.kind === 'candidates' && message.done === true) {
    // XEP-0176 has no word for it.
    transport.append(xml('gathering-complete', { xmlns: NS_LINK }));
  }
  const attrs = { creator: 'initiator', name: CONTENT, senders: 'both' };
  return xml('content', attrs, description, transport);
}

function descriptionElement({ handshake, role }: Description): Element {
  return xml(
    'description',
    { xmlns: NS_LINK, ...(role !== undefined && { role }) },
    handshake && xml('handshake', {}, encodeBase64(handshake)),
  );
}

function reasonElement(reason: string): Element {
  const clean = reason.replace(NOT_XML, '').slice(0, MAX_REASON_CHARS);
  const known = REASONS.has(clean);
  return xml(
    'reason',
    {},
    xml(known ? clean : 'general-error'),
    known || clean === '' ? undefined : xml('text', {}, clean),
  );
}

/**
 * Reads a `<jingle/>`.
 *
 * @throws EvioError `STANZA_MALFORMED` when a field is missing or not as it should be;
 *   `JINGLE_UNSUPPORTED` when it is another action or application
 */
export function linkMessageFrom(jingle: Element): LinkMessage {
  const session = jingle.attrs.sid ?? '';
  if (!SESSION.test(session)) throw malformed('sid: expected 1 to 128 visible characters');
  switch (jingle.attrs.action) {
    case ACTIONS.offer:
      return negotiation('offer', session, onlyContent(jingle));
    case ACTIONS.answer:
      return negotiation('answer', session, onlyContent(jingle));
    case ACTIONS.candidates: {
      const transport = transportOf(onlyContent(jingle));
      const done = transport.getChild('gathering-complete', NS_LINK) !== undefined;
      return {
        kind: 'candidates',
        session,
        credentials: credentialsOf(transport),
        candidates: candidatesOf(transport),
        ...(done && { done }),
      };
    }
    case ACTIONS.end:
      return { kind: 'end', session, reason: reasonOf(jingle) };
    default:
      throw new EvioError(
        'JINGLE_UNSUPPORTED',
        `jingle: the action "${jingle.attrs.action?.slice(0, 40)}" is not one of ours`,
      );
  }
}

function negotiation(kind: 'offer' | 'answer', session: string, content: Element): LinkMessage {
  const transport = transportOf(content);
  const description = content.getChild('description');
  if (description?.is('description', NS_LINK) !== true) {
    throw new EvioError('JINGLE_UNSUPPORTED', 'jingle: the session is not for an overlay link');
  }
  const text = description.getChild('handshake', NS_LINK)?.getText().trim();
  const { role } = description.attrs;
  return {
    kind,
    session,
    credentials: credentialsOf(transport),
    candidates: candidatesOf(transport),
    ...(text !== undefined && { handshake: decodeBase64(text, 'handshake', MAX_HANDSHAKE_BYTES) }),
    // A role that only a later version knows is as good as none.
    ...(kind === 'offer' && isLinkRole(role) && { role }),
  };
}

function onlyContent(jingle: Element): Element {
  const contents = jingle.getChildren('content', NS_JINGLE);
  const [content] = contents;
  if (content === undefined || contents.length !== 1) {
    throw malformed(`expected one content, got ${contents.length}`);
  }
  return content;
}

function transportOf(content: Element): Element {
  const transport = content.getChild('transport', NS_ICE_UDP);
  if (transport === undefined) throw malformed('expected a transport of ICE-UDP');
  return transport;
}

function credentialsOf({ attrs }: Element): IceCredentials {
  const { ufrag, pwd } = attrs;
  if (!isIceText(ufrag, 4, 256)) throw malformed('ufrag: expected 4 to 256 ice-chars');
  if (!isIceText(pwd, 22, 256)) throw malformed('pwd: expected 22 to 256 ice-chars');
  return { ufrag, password: pwd };
}

function candidatesOf(transport: Element) {
  const elements = transport.getChildren('candidate', NS_ICE_UDP);
  if (elements.length > MAX_CANDIDATES) {
    throw malformed(`expected at most ${MAX_CANDIDATES} candidates, got ${elements.length}`);
  }
  return elements.map(candidateFrom).filter(candidate => candidate !== undefined);
}

function reasonOf(jingle: Element): string {
  const reason = jingle.getChild('reason', NS_JINGLE);
  const condition = reason?.getChildElements().find(({ name }) => REASONS.has(name))?.name;
  const text = reason?.getChild('text', NS_JINGLE)?.getText();
  return (text || condition || 'general-error').slice(0, MAX_REASON_CHARS);
}
