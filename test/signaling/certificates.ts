import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Pem {
  readonly cert: string;
  readonly key: string;
}

/** Runs openssl in a scratch folder that is removed with everything in it. */
function withScratch<T>(use: (dir: string) => T): T {
  const dir = mkdtempSync(join(tmpdir(), 'evio-cert-'));
  try {
    return use(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

const openssl = (dir: string, ...args: string[]) =>
  execFileSync('openssl', args, { cwd: dir, stdio: ['ignore', 'ignore', 'pipe'] });
const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'] as const;

/** A certificate authority for one test. */
export class Authority {
  readonly #self: Pem;

  constructor(name = 'Evio test authority') {
    this.#self = withScratch(dir => {
      openssl(dir, 'req', '-x509', ...KEY, '-keyout', 'key', '-out', 'cert', '-days', '2',
        '-subj', `/CN=${name}`, '-addext', 'keyUsage=critical,keyCertSign,cRLSign'); // biome-ignore format: one command
      return read(dir);
    });
  }

  get ca(): string {
    return this.#self.cert;
  }

  /** A server's certificate for DNS names and IP addresses. */
  server(...names: string[]): Pem {
    const alternative = names.map(name => (/^[\d.]+$/.test(name) ? `IP:${name}` : `DNS:${name}`));
    return this.#issue(alternative.join(','), 'serverAuth');
  }

  /** A client's certificate for a JID (RFC 6120 §13.7.1.4, id-on-xmppAddr). */
  client(jid: string): Pem {
    return this.#issue(`otherName:1.3.6.1.5.5.7.8.5;UTF8:${jid}`, 'clientAuth');
  }

  #issue(subjectAltName: string, usage: string): Pem {
    return withScratch(dir => {
      writeFileSync(join(dir, 'ca.pem'), this.#self.cert);
      writeFileSync(join(dir, 'ca.key'), this.#self.key, { mode: 0o600 });
      writeFileSync(
        join(dir, 'ext'),
        `subjectAltName=${subjectAltName}\nextendedKeyUsage=${usage}\nbasicConstraints=CA:FALSE\n`,
      );
      openssl(dir, 'req', '-new', ...KEY, '-keyout', 'key', '-out', 'csr', '-subj', '/CN=evio');
      openssl(dir, 'x509', '-req', '-in', 'csr', '-CA', 'ca.pem', '-CAkey', 'ca.key',
        '-CAcreateserial', '-out', 'cert', '-days', '2', '-extfile', 'ext'); // biome-ignore format: one command
      return read(dir);
    });
  }
}

function read(dir: string): Pem {
  return {
    cert: readFileSync(join(dir, 'cert'), 'utf8'),
    key: readFileSync(join(dir, 'key'), 'utf8'),
  };
}
