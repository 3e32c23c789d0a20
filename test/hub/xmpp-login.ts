import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { connect, type TLSSocket } from 'node:tls';

/** What to log in with; a `HubNode` has it all but `ca`. */
export interface Credentials {
  readonly jid: string;
  readonly password: string;
  /** `xmpps://HOST:PORT` */
  readonly service: string;
  /** PEM */
  readonly ca: string;
}

/**
 * A client that knows just enough XMPP to look at a server: direct TLS, SCRAM-SHA-256 with the
 * server's signature checked, and everything received as text to match against.
 */
export class XmppLogin {
  readonly #socket: TLSSocket;
  #text = '';
  #ended = false;
  #wake: () => void = () => {};

  private constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.setEncoding('utf8').setNoDelay(true);
    socket.on('data', (chunk: string) => {
      this.#text += chunk;
      this.#wake();
    });
    for (const event of ['close', 'error']) {
      socket.on(event, () => {
        this.#ended = true;
        this.#wake();
      });
    }
  }

  /** Logs in, binds the resource `test`, gets the roster and becomes available. */
  static async as({ jid, password, service, ca }: Credentials): Promise<XmppLogin> {
    const { hostname, port } = new URL(service);
    const [user = '', domain = ''] = jid.split('@');
    const socket = connect({
      host: hostname,
      port: Number(port),
      servername: domain,
      ca,
      ALPNProtocols: ['xmpp-client'],
    });
    const login = new XmppLogin(socket);
    try {
      await login.#authenticate(user, password, domain);
      await login.#open(domain);
      login.send(
        "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>" +
          '<resource>test</resource></bind></iq>',
      );
      await login.until(/id='bind'.*?<\/iq>/s);
      login.send("<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq>");
      await login.until(/id='roster'.*?<\/iq>/s);
      login.send('<presence/>');
      await login.until(new RegExp(`<presence[^>]*from='${jid}/test'`));
      return login;
    } catch (error) {
      login.close();
      throw error;
    }
  }

  /** Everything received so far. */
  get text(): string {
    return this.#text;
  }

  get ended(): boolean {
    return this.#ended;
  }

  send(xml: string): void {
    this.#socket.write(xml);
  }

  /** Waits until what was received matches; throws after some seconds or when the stream ends. */
  async until(pattern: RegExp, timeoutMs = 5_000): Promise<RegExpExecArray> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const match = pattern.exec(this.#text);
      if (match !== null) return match;
      if (this.#ended || performance.now() > deadline) {
        const why = this.#ended ? 'the stream ended' : `${timeoutMs} ms passed`;
        throw new Error(`${why} before ${pattern}; received:\n${this.#text.slice(-4000)}`);
      }
      await this.#change(deadline);
    }
  }

  /** Waits until the server ends the stream. */
  async untilEnd(timeoutMs = 8_000): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (!this.#ended) {
      if (performance.now() > deadline) throw new Error('the server keeps the stream open');
      await this.#change(deadline);
    }
  }

  /** Forgets what was received, so that the next match is of something new. */
  clear(): void {
    this.#text = '';
  }

  close(): void {
    this.#socket.destroy();
  }

  async #change(deadline: number): Promise<void> {
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, Math.max(1, deadline - performance.now()));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async #open(domain: string): Promise<string> {
    this.clear();
    this.send(
      `<?xml version='1.0'?><stream:stream to='${domain}' version='1.0' xmlns='jabber:client' ` +
        "xmlns:stream='http://etherx.jabber.org/streams'>",
    );
    return (await this.until(/<stream:features>.*<\/stream:features>/s))[0];
  }

  async #authenticate(user: string, password: string, domain: string): Promise<void> {
    const features = await this.#open(domain);
    const offered = [...features.matchAll(/<mechanism>([^<]+)</g)].map(match => match[1]).sort();
    if (offered.some(mechanism => !mechanism?.startsWith('SCRAM-SHA-256'))) {
      throw new Error(`expected only SCRAM-SHA-256 to be offered, got ${offered.join(', ')}`);
    }
    const sasl = "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'";
    const clientFirst = `n=${user},r=${randomBytes(18).toString('base64')}`;
    this.send(`<auth ${sasl} mechanism='SCRAM-SHA-256'>${encode(`n,,${clientFirst}`)}</auth>`);
    const serverFirst = decode(await this.#answer('challenge'));
    const [, nonce = '', salt = '', count = ''] =
      /^r=([^,]+),s=([^,]+),i=(\d+)/.exec(serverFirst) ?? [];
    const salted = pbkdf2Sync(password, Buffer.from(salt, 'base64'), Number(count), 32, 'sha256');
    const clientKey = hmac(salted, 'Client Key');
    const final = `c=biws,r=${nonce}`;
    const signed = [clientFirst, serverFirst, final].join(',');
    const mask = hmac(createHash('sha256').update(clientKey).digest(), signed);
    const proof = Buffer.from(clientKey.map((byte, index) => byte ^ (mask[index] ?? 0)));
    this.send(`<response ${sasl}>${encode(`${final},p=${proof.toString('base64')}`)}</response>`);
    const verifier = decode(await this.#answer('success'));
    if (verifier !== `v=${hmac(hmac(salted, 'Server Key'), signed).toString('base64')}`) {
      throw new Error('the server does not know the password');
    }
  }

  async #answer(name: string): Promise<string> {
    const match = await this.until(
      new RegExp(`<(${name})[^>]*>([^<]*)</|<failure.*</failure>`, 's'),
    );
    if (match[1] !== name) throw new Error(`expected ${name}, got ${match[0]}`);
    return match[2] ?? '';
  }
}

function hmac(key: Uint8Array, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64');
}

function decode(text: string): string {
  return Buffer.from(text, 'base64').toString();
}
