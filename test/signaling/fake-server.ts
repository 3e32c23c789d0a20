import { createHmac, pbkdf2Sync } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Element } from '@xmpp/xml';
import { StanzaParser } from '../../packages/signaling/src/stanza-parser.ts';
import type { Pem } from './certificates.ts';

/** The moments at which a server may fall silent. */
export type Step =
  | 'tls'
  | 'stream'
  | 'features'
  | 'auth'
  | 'restart'
  | 'bind'
  | 'enable'
  | 'roster';

export interface FakeServerOptions {
  readonly certificate: Pem;
  readonly mechanisms?: readonly string[];
  readonly signature?: 'right' | 'forged' | 'absent';
  readonly iterations?: number;
  readonly silentAt?: Step;
  /** Stream management (XEP-0198); default: not offered. */
  readonly management?: boolean;
  /** The full JID that it binds; default: the one asked for. */
  readonly bound?: string;
  /** Speak in clear, and answer STARTTLS so. */
  readonly clear?: 'no-starttls' | 'failure' | 'injection' | 'silent' | 'ends';
  /** Text to write in place of the features. */
  readonly insteadOfFeatures?: string | Buffer;
  /** Items of the roster; default: `peer@fake.test` in the group `edge`. */
  readonly roster?: string;
}

const SALT = Buffer.from('salt of the server');
export const PASSWORD = 'secret';
const ROSTER = "<item jid='peer@fake.test' subscription='both'><group>edge</group></item>";

/** An XMPP server of a few lines that misbehaves as it is told. The domain is `fake.test`. */
export class FakeServer {
  /** All that clients have said, across connections. */
  heard = '';
  connections = 0;
  readonly #options: FakeServerOptions;
  readonly #server: Server;
  #port = 0;
  readonly #sockets = new Set<Socket>();
  readonly #streams = new Set<Socket>();

  private constructor(options: FakeServerOptions) {
    this.#options = options;
    this.#server = createServer(socket => this.#accept(socket));
  }

  static async start(options: FakeServerOptions): Promise<FakeServer> {
    const server = new FakeServer(options);
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    server.#port = (server.#server.address() as AddressInfo).port;
    return server;
  }

  get service(): string {
    return `${this.#options.clear === undefined ? 'xmpps' : 'xmpp'}://127.0.0.1:${this.#port}`;
  }

  /** Writes text to all clients. */
  say(text: string): void {
    for (const socket of this.#streams) socket.write(text);
  }

  /** Cuts all connections. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(socket: Socket): void {
    this.connections += 1;
    this.#sockets.add(socket);
    socket.on('error', () => undefined); // 'close' follows
    socket.on('close', () => this.#sockets.delete(socket));
    const { certificate, clear, silentAt } = this.#options;
    if (clear !== undefined) {
      socket.on('data', (chunk: Buffer) => this.#answerClear(socket, chunk.toString()));
      return;
    }
    if (silentAt === 'tls') return;
    const secure = new TLSSocket(socket, { isServer: true, ...certificate });
    secure.on('error', () => socket.destroy());
    this.#streams.add(secure);
    secure.on('close', () => this.#streams.delete(secure));
    const conversation = new Conversation(secure, this.#options);
    secure.on('data', (chunk: Buffer) => {
      this.heard += chunk.toString();
      conversation.read(chunk.toString());
    });
  }

  #answerClear(socket: Socket, text: string): void {
    this.heard += text;
    const { clear } = this.#options;
    const starttls = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
    if (clear === 'silent') return;
    if (text.includes('<stream:stream')) {
      socket.write(
        `${header()}<stream:features>${clear === 'no-starttls' ? '' : starttls}</stream:features>`,
      );
    } else if (clear === 'ends') {
      socket.end();
    } else {
      const answer = clear === 'failure' ? 'failure' : 'proceed';
      const more = clear === 'injection' ? "<iq type='set' id='injected'/>" : '';
      socket.write(`<${answer} xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>${more}`);
    }
  }
}

function header(): string {
  return (
    "<?xml version='1.0'?><stream:stream xmlns='jabber:client' " +
    "xmlns:stream='http://etherx.jabber.org/streams' from='fake.test' id='1' version='1.0'>"
  );
}

/** The server's side of one connection. */
class Conversation {
  readonly #socket: Socket;
  readonly #options: FakeServerOptions;
  #parser = new StanzaParser();
  #authenticated = false;
  #clientFirst = '';
  #serverFirst = '';

  constructor(socket: Socket, options: FakeServerOptions) {
    this.#socket = socket;
    this.#options = options;
  }

  read(text: string): void {
    if (text.startsWith('<?xml')) {
      this.#parser = new StanzaParser();
      this.#parser.on('start', () => this.#open());
      this.#parser.on('element', element => this.#answer(element));
      this.#parser.on('end', () => this.#socket.end('</stream:stream>'));
      this.#parser.on('error', () => this.#socket.destroy());
    }
    this.#parser.write(text);
  }

  #silent(step: Step): boolean {
    return this.#options.silentAt === step;
  }

  #open(): void {
    const { mechanisms = ['SCRAM-SHA-256'], management, insteadOfFeatures } = this.#options;
    if (this.#silent('stream') || (this.#authenticated && this.#silent('restart'))) return;
    this.#socket.write(header());
    if (this.#silent('features')) return;
    if (insteadOfFeatures !== undefined) {
      this.#socket.write(insteadOfFeatures);
      return;
    }
    const list = mechanisms.map(name => `<mechanism>${name}</mechanism>`).join('');
    this.#socket.write(
      this.#authenticated
        ? `<stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>${management ? "<sm xmlns='urn:xmpp:sm:3'/>" : ''}</stream:features>`
        : `<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>${list}</mechanisms></stream:features>`,
    );
  }

  #answer(element: Element): void {
    const text = Buffer.from(element.getText(), 'base64').toString();
    const { id = '', mechanism = '' } = element.attrs;
    if (element.name === 'auth' && !this.#silent('auth')) {
      if (mechanism.startsWith('SCRAM')) this.#challenge(text);
      else this.#success('');
    } else if (element.name === 'response') {
      this.#success(this.#signature(text));
    } else if (element.getChild('bind') && !this.#silent('bind')) {
      const asked = element.getChild('bind')?.getChildText('resource');
      const jid = this.#options.bound ?? `edge-a@fake.test/${asked}`;
      this.#socket.write(
        `<iq type='result' id='${id}'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>${jid}</jid></bind></iq>`,
      );
    } else if (element.name === 'enable' && !this.#silent('enable')) {
      this.#socket.write("<enabled xmlns='urn:xmpp:sm:3' id='previous' resume='true'/>");
    } else if (element.name === 'resume') {
      this.#socket.write("<failed xmlns='urn:xmpp:sm:3'/>");
    } else if (element.getChild('query', 'jabber:iq:roster') && !this.#silent('roster')) {
      const items = this.#options.roster ?? ROSTER;
      this.#socket.write(
        `<iq type='result' id='${id}'><query xmlns='jabber:iq:roster'>${items}</query></iq>`,
      );
    }
  }

  #challenge(clientFirst: string): void {
    const { iterations = 4096 } = this.#options;
    this.#clientFirst = clientFirst.replace(/^n,,/, '');
    const nonce = /r=(.*)$/.exec(clientFirst)?.[1];
    this.#serverFirst = `r=${nonce}server,s=${SALT.toString('base64')},i=${iterations}`;
    const encoded = Buffer.from(this.#serverFirst).toString('base64');
    this.#socket.write(
      `<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>${encoded}</challenge>`,
    );
  }

  #signature(clientFinal: string): string {
    const { signature = 'right', iterations = 4096 } = this.#options;
    if (signature === 'absent') return '';
    const password = signature === 'right' ? PASSWORD : 'something else';
    const salted = pbkdf2Sync(password, SALT, iterations, 32, 'sha256');
    const serverKey = createHmac('sha256', salted).update('Server Key').digest();
    const withoutProof = clientFinal.replace(/,p=.*$/, '');
    const message = `${this.#clientFirst},${this.#serverFirst},${withoutProof}`;
    return `v=${createHmac('sha256', serverKey).update(message).digest('base64')}`;
  }

  #success(additional: string): void {
    this.#authenticated = true;
    const encoded = Buffer.from(additional).toString('base64');
    this.#socket.write(`<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>${encoded}</success>`);
  }
}
