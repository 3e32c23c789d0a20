import { randomBytes } from 'node:crypto';
import { parseService } from '@evio/signaling';
import type { EvioError } from '@evio/types';
import type { Element } from '@xmpp/xml';
import { connect } from '../../packages/signaling/src/connect.ts';
import { parseJid } from '../../packages/signaling/src/jid.ts';
import { login } from '../../packages/signaling/src/login.ts';
import { StreamManagement } from '../../packages/signaling/src/stream-management.ts';
import { XmlStream } from '../../packages/signaling/src/xml-stream.ts';

export interface RawOptions {
  readonly jid: string;
  readonly password: string;
  readonly service: string;
  readonly ca: string;
}

/** A logged-in XMPP stream on which a test says whatever it likes. */
export class RawNode {
  readonly jid: string;
  readonly elements: Element[] = [];
  closed: EvioError | undefined;
  readonly #stream: XmlStream;

  private constructor(jid: string, stream: XmlStream) {
    this.jid = jid;
    this.#stream = stream;
  }

  static async login({ jid, password, service, ca }: RawOptions): Promise<RawNode> {
    const { bare, domain, local } = parseJid(jid);
    const { socket } = await connect(
      [parseService(service)],
      { domain, ca, certificate: undefined, timeoutMs: 10_000 },
      AbortSignal.timeout(10_000),
    );
    let node: RawNode | undefined;
    const stream = new XmlStream({
      domain,
      socket,
      stepMs: 10_000,
      onBytes: () => undefined,
      onClosed: error => {
        if (node !== undefined) node.closed = error;
      },
    });
    const session = await login(stream, {
      credentials: {
        account: bare,
        username: local,
        password,
        hasCertificate: false,
        allowPlain: false,
      },
      resource: 'raw',
      management: new StreamManagement(),
      token: () => randomBytes(8).toString('hex'),
    });
    if (session.kind !== 'fresh') throw new Error('expected a fresh session');
    const raw = new RawNode(session.jid.full, stream);
    node = raw;
    stream.deliver(element => raw.elements.push(element));
    return raw;
  }

  /** Writes text as it is. */
  say(text: string): void {
    this.#stream.write(text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stream.close();
  }
}
