/**
 * The hub's own certificate authority and the certificates of its two servers, made by the
 * `openssl` command: P-256 keys, the authority for ten years, a server for two, renewed at
 * `evio hub up` in its last month.
 */
import { spawnSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { isIP } from 'node:net';
import { dirname, join } from 'node:path';
import { EvioError } from '@evio/types';
import type { ServiceUser } from './service-user.ts';

const CA_DAYS = 3650;
const SERVER_DAYS = 730;
const RENEW_BEFORE_MS = 30 * 86_400_000;

export interface KeyPairFiles {
  readonly certificate: string;
  readonly key: string;
}

/** Makes the authority unless it is there. */
export function ensureAuthority(ca: KeyPairFiles, domain: string): void {
  if (existsSync(ca.certificate) && existsSync(ca.key)) return;
  if (existsSync(ca.certificate) || existsSync(ca.key)) {
    throw new EvioError(
      'CERTIFICATE',
      `only one of ${ca.certificate} and ${ca.key} is there; bring the other back, or remove it`,
    );
  }
  issue(ca, CA_DAYS, `/CN=Evio hub ${domain}`.slice(0, 68), [
    'basicConstraints=critical,CA:TRUE,pathlen:0',
    'keyUsage=critical,keyCertSign,cRLSign',
  ]);
}

/**
 * Makes a server's certificate unless there is one of this authority, for these names, with more
 * than a month to go. One of another authority was put there by the user and stays.
 *
 * The authority's own certificate follows the server's: a host that knows only its hash, from an
 * invitation, gets it from there.
 *
 * @param names DNS names and IP addresses.
 * @returns whether a new one was made.
 */
export function ensureServerCertificate(
  files: KeyPairFiles,
  ca: KeyPairFiles,
  names: readonly string[],
  user: ServiceUser | undefined,
  now: Date,
): boolean {
  if (existsSync(files.certificate) && !isOutdated(files, ca, names, now)) return false;
  const alternatives = names.map(name => `${isIP(name) === 0 ? 'DNS' : 'IP'}:${name}`);
  issue(
    files,
    SERVER_DAYS,
    '/O=Evio hub',
    [
      'basicConstraints=critical,CA:FALSE',
      'keyUsage=critical,digitalSignature',
      'extendedKeyUsage=serverAuth',
      `subjectAltName=${alternatives.join(',')}`,
    ],
    ca,
  );
  if (user !== undefined) chownSync(files.key, 0, user.gid);
  chmodSync(files.key, user === undefined ? 0o600 : 0o640);
  return true;
}

/** Whether the authority has signed the (first) certificate in a file. */
export function isIssuedBy(certificateFile: string, authorityFile: string): boolean {
  const certificate = new X509Certificate(readFileSync(certificateFile));
  return certificate.verify(new X509Certificate(readFileSync(authorityFile)).publicKey);
}

/** SHA-256 of a certificate in its binary form, 32 bytes. */
export function certificatePin(file: string): Uint8Array {
  const { raw } = new X509Certificate(readFileSync(file));
  return new Uint8Array(createHash('sha256').update(raw).digest());
}

function isOutdated(
  files: KeyPairFiles,
  ca: KeyPairFiles,
  names: readonly string[],
  now: Date,
): boolean {
  if (!isIssuedBy(files.certificate, ca.certificate)) return false;
  const text = readFileSync(files.certificate, 'utf8');
  if (!text.includes(readFileSync(ca.certificate, 'utf8'))) return true;
  const certificate = new X509Certificate(text);
  const covers = (name: string) =>
    isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name);
  return (
    certificate.validToDate.getTime() - now.getTime() < RENEW_BEFORE_MS ||
    names.some(name => covers(name) === undefined)
  );
}

/** Makes a key and a certificate in a folder aside and moves both into place. */
function issue(
  files: KeyPairFiles,
  days: number,
  subject: string,
  extensions: readonly string[],
  ca?: KeyPairFiles,
): void {
  const aside = mkdtempSync(join(dirname(files.key), '.issue-'));
  try {
    const [key, certificate] = [join(aside, 'key'), join(aside, 'certificate')];
    // An empty configuration: the machine's own could add extensions of its liking.
    const words = ['req', '-x509', '-config', '/dev/null', '-sha256', '-days', String(days)];
    words.push('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc');
    words.push('-subj', subject, '-keyout', key, '-out', certificate);
    for (const extension of extensions) words.push('-addext', extension);
    if (ca !== undefined) words.push('-CA', ca.certificate, '-CAkey', ca.key);
    const { status, stderr, error } = spawnSync('openssl', words, { encoding: 'utf8' });
    if (status !== 0) {
      throw new EvioError('CERTIFICATE', `openssl failed: ${error?.message ?? stderr.trim()}`);
    }
    if (ca !== undefined) appendFileSync(certificate, readFileSync(ca.certificate));
    chmodSync(key, 0o600);
    chmodSync(certificate, 0o644);
    renameSync(key, files.key);
    renameSync(certificate, files.certificate);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}
