import { EvioError } from '@evio/types';
import xml, { type Element } from '@xmpp/xml';
import { NS_SASL } from './namespaces.ts';
import { saslprep } from './saslprep.ts';
import { ScramClient } from './scram.ts';

export interface Credentials {
  /** Bare JID. */
  readonly account: string;
  readonly username: string;
  readonly password: string | undefined;
  /** Whether the TLS connection has our client certificate. */
  readonly hasCertificate: boolean;
  /** Whether the password may be shown to the server when it offers nothing better. */
  readonly allowPlain: boolean;
}

export type Mechanism = 'EXTERNAL' | 'SCRAM-SHA-256' | 'SCRAM-SHA-1' | 'PLAIN';

/** One exchange on a stream: sends an element, gets the server's next one. */
export type Exchange = (element: Element) => Promise<Element>;

/**
 * The best mechanism that the server offers and our credentials allow.
 *
 * @throws EvioError `AUTH_NO_MECHANISM`
 */
export function chooseMechanism(offered: readonly string[], credentials: Credentials): Mechanism {
  const { hasCertificate, password, allowPlain } = credentials;
  const possible: readonly (Mechanism | false)[] = [
    hasCertificate && 'EXTERNAL',
    password !== undefined && 'SCRAM-SHA-256',
    password !== undefined && 'SCRAM-SHA-1',
    password !== undefined && allowPlain && 'PLAIN',
  ];
  const usable = possible.filter(mechanism => mechanism !== false);
  const chosen = usable.find(mechanism => offered.includes(mechanism));
  if (chosen === undefined) {
    throw new EvioError(
      'AUTH_NO_MECHANISM',
      `we can log in with ${usable.join(', ') || 'nothing (no password, no certificate)'}, ` +
        `the server offers ${offered.slice(0, 16).join(', ') || 'nothing'}`,
    );
  }
  return chosen;
}

/** The mechanisms in stream features (RFC 6120 §6.3.3). */
export function offeredMechanisms(features: Element): string[] {
  const list = features.getChild('mechanisms', NS_SASL);
  return (list?.getChildren('mechanism', NS_SASL) ?? []).map(element => element.getText().trim());
}

const encode = (text: string) => Buffer.from(text, 'utf8').toString('base64');
const decode = (element: Element) => Buffer.from(element.getText(), 'base64').toString('utf8');

function auth(mechanism: Mechanism, initial: string): Element {
  // RFC 6120 §6.4.2: an empty initial response is written as "=".
  return xml('auth', { xmlns: NS_SASL, mechanism }, initial === '' ? '=' : encode(initial));
}

/**
 * Logs in (RFC 6120 §6).
 *
 * @param nonce unpredictable printable text without comma
 * @throws EvioError `AUTH_FAILED`, `AUTH_TEMPORARY`, `SERVER_NOT_AUTHENTICATED`
 */
export async function authenticate(
  mechanism: Mechanism,
  credentials: Credentials,
  nonce: string,
  exchange: Exchange,
): Promise<void> {
  switch (mechanism) {
    case 'SCRAM-SHA-256':
    case 'SCRAM-SHA-1': {
      await scram(mechanism, credentials, nonce, exchange);
      return;
    }
    case 'EXTERNAL': {
      // The JID tells the server which of the certificate's names we mean (XEP-0178 §3).
      expectSuccess(await exchange(auth(mechanism, credentials.account)), credentials);
      return;
    }
    case 'PLAIN': {
      const password = saslprep(credentials.password ?? '');
      const message = `\0${saslprep(credentials.username)}\0${password}`;
      expectSuccess(await exchange(auth(mechanism, message)), credentials);
      return;
    }
    default:
      mechanism satisfies never;
  }
}

async function scram(
  mechanism: 'SCRAM-SHA-256' | 'SCRAM-SHA-1',
  credentials: Credentials,
  nonce: string,
  exchange: Exchange,
): Promise<void> {
  const { username, password = '' } = credentials;
  const hash = mechanism === 'SCRAM-SHA-256' ? 'sha256' : 'sha1';
  const client = new ScramClient(hash, username, password, nonce);
  const challenge = await exchange(auth(mechanism, client.first()));
  if (!challenge.is('challenge', NS_SASL)) {
    expectSuccess(challenge, credentials);
    throw new EvioError('SERVER_NOT_AUTHENTICATED', 'the server skipped the SCRAM exchange');
  }
  const response = (text: string) => xml('response', { xmlns: NS_SASL }, encode(text));
  let answer = await exchange(response(await client.final(decode(challenge))));
  if (answer.is('challenge', NS_SASL)) {
    // The signature may come in a challenge of its own (RFC 6120 §6.4.6, last paragraph).
    client.verify(decode(answer));
    answer = await exchange(xml('response', { xmlns: NS_SASL }));
    expectSuccess(answer, credentials);
  } else {
    expectSuccess(answer, credentials);
    client.verify(decode(answer));
  }
}

function expectSuccess(answer: Element, { account }: Credentials): void {
  if (answer.is('success', NS_SASL)) return;
  if (!answer.is('failure', NS_SASL)) {
    throw new EvioError('XMPP_PROTOCOL', `expected <success/>, got <${answer.name}/>`);
  }
  const condition =
    answer.getChildElements().find(({ name }) => name !== 'text')?.name ?? 'without a reason';
  const text = answer.getChild('text')?.getText().slice(0, 200);
  throw new EvioError(
    condition === 'temporary-auth-failure' ? 'AUTH_TEMPORARY' : 'AUTH_FAILED',
    `the server refused the login of ${account}: ${condition}${text ? ` (${text})` : ''}`,
  );
}
