import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Authority } from './certificates.ts';

export interface EjabberdOptions {
  readonly domain: string;
  readonly authority: Authority;
  /** Members of the roster group `edge`; each gets an account with its password. */
  readonly members: Readonly<Record<string, string>>;
  /** Accounts outside of the group. */
  readonly others?: Readonly<Record<string, string>>;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/**
 * A real ejabberd on loopback, with its own folder, its own Erlang cookie and free ports. It has a
 * shared roster group, XEP-0198, XEP-0215 and logins by password or certificate.
 *
 * It runs as Debian's user `ejabberd` when we are root, else as ourselves.
 */
export class Ejabberd {
  readonly domain: string;
  readonly #options: EjabberdOptions;
  readonly #dir: string;
  readonly #ports: {
    readonly tls: number;
    readonly clear: number;
    readonly api: number;
    readonly dist: number;
  };
  #child: ChildProcess | undefined;

  private constructor(options: EjabberdOptions, ports: [number, number, number, number]) {
    this.#options = options;
    this.domain = options.domain;
    const [tls, clear, api, dist] = ports;
    this.#ports = { tls, clear, api, dist };
    this.#dir = mkdtempSync(join(tmpdir(), 'evio-ejabberd-'));
    chmodSync(this.#dir, 0o700);
    const server = options.authority.server(options.domain);
    writeFileSync(join(this.#dir, 'server.pem'), server.cert + server.key, { mode: 0o600 });
    writeFileSync(join(this.#dir, 'ca.pem'), options.authority.ca);
    writeFileSync(join(this.#dir, 'ejabberd.yml'), this.#config());
    writeFileSync(
      join(this.#dir, 'inetrc'),
      '{lookup, [file]}.\n{host, {127,0,0,1}, ["localhost"]}.\n',
    );
    // The Erlang cookie lets anybody run code in the server; this one is not shared with any other.
    writeFileSync(join(this.#dir, '.erlang.cookie'), randomBytes(16).toString('hex'), {
      mode: 0o400,
    });
    const user = runAs();
    if (user !== undefined) {
      for (const file of ['', 'server.pem', 'ca.pem', 'ejabberd.yml', 'inetrc', '.erlang.cookie']) {
        chownSync(join(this.#dir, file), user.uid, user.gid);
      }
    }
  }

  static async start(options: EjabberdOptions): Promise<Ejabberd> {
    const ports = [await freePort(), await freePort(), await freePort(), await freePort()] as const;
    const server = new Ejabberd(options, [...ports]);
    try {
      await server.run();
      await server.#populate();
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
    return server;
  }

  /** Direct TLS. */
  get service(): string {
    return `xmpps://127.0.0.1:${this.#ports.tls}`;
  }

  get starttlsService(): string {
    return `xmpp://127.0.0.1:${this.#ports.clear}`;
  }

  /** Starts the server, or starts it again; its accounts are still there. */
  async run(): Promise<void> {
    const user = runAs();
    const drop = user
      ? ['setpriv', `--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups']
      : [];
    const [program = '', ...args] = [
      ...drop, 'ejabberdctl', '--spool', this.#dir, '--logs', this.#dir,
      '--config-dir', this.#dir, '--config', join(this.#dir, 'ejabberd.yml'),
      '--node', `evio${this.#ports.dist}@localhost`, 'foreground',
    ]; // biome-ignore format: one command
    const { PATH } = process.env;
    const child = spawn(program, args, {
      cwd: this.#dir,
      // A group of its own, so that the shell and the Erlang machine under it end together.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH,
        HOME: this.#dir,
        ERL_DIST_PORT: String(this.#ports.dist),
        INET_DIST_INTERFACE: '127.0.0.1',
      },
    });
    this.#child = child;
    let log = '';
    const collect = (chunk: Buffer) => {
      log = (log + chunk.toString()).slice(-20_000);
    };
    child.stdout?.on('data', collect);
    child.stderr?.on('data', collect);
    const deadline = performance.now() + 60_000;
    while (!(await this.#answers())) {
      if (child.exitCode !== null || performance.now() > deadline) {
        throw new Error(`ejabberd did not start:\n${log}`);
      }
      await new Promise(resolve => setTimeout(resolve, 200));
    }
  }

  /** Ends the server as `kill` does; its clients are told nothing useful. */
  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    // The shell ends before the Erlang machine does; a restart needs the machine's ports.
    const signal = (name: NodeJS.Signals | 0) => {
      try {
        return process.kill(-pid, name);
      } catch {
        return false; // nobody is left
      }
    };
    const { pid } = child;
    const deadline = performance.now() + 15_000;
    signal('SIGTERM');
    while (signal(0)) {
      if (performance.now() > deadline) signal('SIGKILL');
      await new Promise(resolve => setTimeout(resolve, 50));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.#dir, { recursive: true, force: true });
  }

  /** Adds an account to the group while the server runs. */
  async addMember(user: string, password: string): Promise<void> {
    const host = this.domain;
    await this.api('register', { user, host, password });
    await this.api('srg_user_add', { user, host, group: 'edge', grouphost: host });
  }

  /** An ejabberdctl command, by HTTP on loopback. */
  async api(command: string, args: object): Promise<unknown> {
    const response = await fetch(`http://127.0.0.1:${this.#ports.api}/api/${command}`, {
      method: 'POST',
      body: JSON.stringify(args),
      signal: AbortSignal.timeout(10_000),
    });
    if (!response.ok) throw new Error(`${command}: ${response.status} ${await response.text()}`);
    return await response.json();
  }

  async #answers(): Promise<boolean> {
    try {
      await this.api('status', {});
      return true;
    } catch {
      return false; // not yet
    }
  }

  async #populate(): Promise<void> {
    const { members, others = {} } = this.#options;
    const host = this.domain;
    await this.api('srg_create', {
      group: 'edge',
      host,
      label: 'edge',
      description: 'members',
      display: 'edge',
    });
    for (const [user, password] of Object.entries(members)) await this.addMember(user, password);
    for (const [user, password] of Object.entries(others)) {
      await this.api('register', { user, host, password });
    }
  }

  #config(): string {
    const { tls, clear, api } = this.#ports;
    const file = (name: string) => JSON.stringify(join(this.#dir, name));
    return `
hosts: [${this.domain}]
loglevel: info
log_rotate_count: 0
certfiles: [${file('server.pem')}]
c2s_cafile: ${file('ca.pem')}
listen:
  - { port: ${tls}, ip: 127.0.0.1, module: ejabberd_c2s, tls: true, tls_verify: true, shaper: none, max_stanza_size: 262144 }
  - { port: ${clear}, ip: 127.0.0.1, module: ejabberd_c2s, starttls: true, starttls_required: true, tls_verify: true, max_stanza_size: 262144 }
  - { port: ${api}, ip: 127.0.0.1, module: ejabberd_http, request_handlers: { /api: mod_http_api } }
api_permissions:
  tests: { from: [mod_http_api], who: all, what: "*" }
acl: { local: { user_regexp: "" } }
access_rules: { local: { allow: local } }
auth_method: internal
auth_password_format: scram
auth_scram_hash: sha256
disable_sasl_mechanisms: [PLAIN, DIGEST-MD5, X-OAUTH2]
modules:
  mod_admin_extra: {}
  mod_disco: {}
  mod_http_api: {}
  mod_ping: {}
  mod_roster: {}
  mod_shared_roster: {}
  mod_stream_mgmt: { resend_on_timeout: false, resume_timeout: 60 }
  mod_stun_disco:
    credentials_lifetime: 600
    secret: secret
    services:
      - { host: 192.0.2.1, port: 3478, type: stun, transport: udp, restricted: false }
      - { host: 192.0.2.1, port: 3478, type: turn, transport: udp, restricted: true }
      - { host: 192.0.2.1, port: 5349, type: turns, transport: tcp, restricted: true }
`;
  }
}

function runAs(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  // Debian's package makes this folder for its user.
  const { uid, gid } = statSync('/var/lib/ejabberd');
  return { uid, gid };
}
