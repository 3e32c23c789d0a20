import { EvioError } from '@evio/types';
import xml, { type Element } from '@xmpp/xml';
import { type Jid, readJid } from './jid.ts';
import { NS_BIND, NS_CLIENT, NS_SM } from './namespaces.ts';
import { authenticate, type Credentials, chooseMechanism, offeredMechanisms } from './sasl.ts';
import {
  type Fate,
  readCounter,
  type SentStanza,
  type StreamManagement,
} from './stream-management.ts';
import type { XmlStream } from './xml-stream.ts';

export interface LoginOptions {
  readonly credentials: Credentials;
  readonly resource: string;
  /** Counters of the session before, to be resumed, or fresh ones. */
  readonly management: StreamManagement;
  /** Unpredictable printable text, new at each call. */
  readonly token: () => string;
}

/** How a login ended: the session before goes on, or a new one began. */
export type Login =
  | { readonly kind: 'resumed'; readonly again: readonly SentStanza[]; readonly mechanism: string }
  | {
      readonly kind: 'fresh';
      readonly mechanism: string;
      /** Our full JID; the server may have chosen another resource. */
      readonly jid: Jid;
      /** What became of the session before; undefined when there was none. */
      readonly fate: Fate | undefined;
      /** Stanzas that came before stream management began, and are not counted by it. */
      readonly early: readonly Element[];
    };

/**
 * From an open connection to a session: stream, SASL (RFC 6120 §6), then resumption (XEP-0198 §5)
 * or a bound resource (RFC 6120 §7). Each step has a time limit.
 *
 * @throws EvioError
 */
export async function login(stream: XmlStream, options: LoginOptions): Promise<Login> {
  const { credentials, management, token } = options;
  const mechanism = chooseMechanism(offeredMechanisms(await stream.open()), credentials);
  await authenticate(mechanism, credentials, token(), element => stream.exchange(element));
  const features = await stream.restart();
  const managed = features.getChild('sm', NS_SM) !== undefined;
  let fate: Fate | undefined;
  if (management.id !== undefined) {
    const answer = managed ? await resume(stream, management) : undefined;
    if (answer?.is('resumed', NS_SM)) {
      const h = readCounter(answer.attrs.h) ?? Number.NaN;
      return { kind: 'resumed', again: resumed(management, h), mechanism };
    }
    fate = management.failed(readCounter(answer?.attrs.h));
  }
  const jid = await bind(stream, options);
  const early = managed ? await enable(stream, management) : [];
  if (!managed) management.refused();
  return { kind: 'fresh', jid, fate, early, mechanism };
}

function resume(stream: XmlStream, management: StreamManagement): Promise<Element> {
  const attrs = { xmlns: NS_SM, h: String(management.inbound), previd: management.id };
  return stream.exchange(xml('resume', attrs));
}

function resumed(management: StreamManagement, h: number): readonly SentStanza[] {
  try {
    return management.resumed(h);
  } catch (error) {
    // Counters that do not agree never will; the next login is a fresh one.
    management.failed(undefined);
    throw error;
  }
}

async function bind(stream: XmlStream, { credentials, resource, token }: LoginOptions) {
  const id = token();
  const request = xml(
    'iq',
    { type: 'set', id },
    xml('bind', { xmlns: NS_BIND }, xml('resource', {}, resource)),
  );
  const answer = await stream.exchange(request);
  if (!answer.is('iq', NS_CLIENT) || answer.attrs.id !== id) {
    throw new EvioError('XMPP_PROTOCOL', `expected our resource, got <${answer.name}/>`);
  }
  if (answer.attrs.type !== 'result') {
    const conflict = answer.getChild('error')?.getChild('conflict') !== undefined;
    throw conflict
      ? new EvioError('RESOURCE_CONFLICT', `the resource "${resource}" is in use by another node`)
      : new EvioError('XMPP_PROTOCOL', `the server refused the resource "${resource}"`);
  }
  const text = answer.getChild('bind', NS_BIND)?.getChildText('jid', NS_BIND);
  const jid = readJid(text ?? undefined);
  if (jid === undefined || jid.resource === '' || jid.bare !== credentials.account) {
    throw new EvioError(
      'JID_MISMATCH',
      `expected to be logged in as ${credentials.account}, the server says ${jid?.full ?? 'nothing'}`,
    );
  }
  return jid;
}

async function enable(stream: XmlStream, management: StreamManagement): Promise<Element[]> {
  management.enable();
  stream.write(xml('enable', { xmlns: NS_SM, resume: 'true' }).toString());
  const early: Element[] = [];
  for (;;) {
    const answer = await stream.next();
    if (answer.getNS() !== NS_SM) {
      early.push(answer);
      if (early.length > 64) {
        throw new EvioError('XMPP_PROTOCOL', 'the server does not answer <enable/>');
      }
      continue;
    }
    const { id, resume } = answer.attrs;
    if (!answer.is('enabled', NS_SM)) management.refused();
    else management.enabled(resume === 'true' || resume === '1' ? id : undefined);
    return early;
  }
}
