import { EvioError } from '@evio/types';
import xml, { type Element } from '@xmpp/xml';
import type { ClientCertificate } from './dial.ts';
import { stanzaError } from './iq.ts';
import { parseJid } from './jid.ts';
import { login } from './login.ts';
import { NS_CLIENT, NS_REGISTER } from './namespaces.ts';
import { openStream } from './open-stream.ts';
import { TIMES } from './options.ts';
import { parseService } from './service.ts';
import { StreamManagement } from './stream-management.ts';
import type { XmlStream } from './xml-stream.ts';

/** Elements of others that may come before an answer. */
const MOST_OTHERS = 64;

export interface AccountLogin {
  /** Bare JID. */
  readonly jid: string;
  readonly password?: string;
  readonly certificate?: ClientCertificate;
  /** As in `SignalingOptions`. */
  readonly service?: string;
  readonly ca?: string;
  readonly allowPlain?: boolean;
  /** Unpredictable bytes. */
  readonly random: (bytes: number) => Uint8Array;
}

/** What one may do with one's own account, once logged in. */
export interface Account {
  /**
   * Replaces the password (XEP-0077 §3.3). The server ends other sessions of the account.
   *
   * @throws EvioError `SIGNALING_REFUSED`
   */
  changePassword(password: string): Promise<void>;
  /**
   * Gives the account up (XEP-0077 §3.2); the server ends the session.
   *
   * @throws EvioError `SIGNALING_REFUSED`
   */
  unregister(): Promise<void>;
}

/**
 * Logs in to an account for a moment, without presence, so that no peer sees it.
 *
 * @throws EvioError as `dial`, the login and `use` do
 */
export async function withAccount<T>(
  options: AccountLogin,
  use: (account: Account) => Promise<T>,
): Promise<T> {
  const { jid, password, certificate, service, ca, allowPlain = false, random } = options;
  const account = parseJid(jid);
  const token = () => Buffer.from(random(15)).toString('base64url');
  const { stream } = await openStream({
    domain: account.domain,
    target: service === undefined ? undefined : parseService(service),
    resolveSrv: undefined,
    ca,
    certificate,
    connectMs: TIMES.connectMs,
    stepMs: TIMES.stepMs,
    fraction: () => (random(1)[0] ?? 0) / 256,
    stop: new AbortController().signal,
    onBytes: () => undefined,
    onClosed: () => undefined,
  });
  try {
    await login(stream, {
      credentials: {
        account: account.bare,
        username: account.local,
        password,
        hasCertificate: certificate !== undefined,
        allowPlain,
      },
      resource: `evio.account.${token().slice(0, 8)}`,
      management: new StreamManagement(),
      token,
    });
    return await use({
      changePassword: async next => {
        const fields = [xml('username', {}, account.local), xml('password', {}, next)];
        await ask(stream, account.domain, token(), fields);
      },
      unregister: async () => {
        await ask(stream, account.domain, token(), [xml('remove', {})]);
      },
    });
  } finally {
    await stream.close();
  }
}

async function ask(
  stream: XmlStream,
  domain: string,
  id: string,
  fields: readonly Element[],
): Promise<void> {
  const query = xml('query', { xmlns: NS_REGISTER }, ...fields);
  stream.write(xml('iq', { type: 'set', id, to: domain }, query).toString());
  for (let others = 0; others < MOST_OTHERS; others++) {
    const answer = await stream.next();
    if (!answer.is('iq', NS_CLIENT) || answer.attrs.id !== id) continue;
    if (answer.attrs.type === 'result') return;
    throw stanzaError(answer, domain);
  }
  throw new EvioError('XMPP_PROTOCOL', `${domain} does not answer`);
}
