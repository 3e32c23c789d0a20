import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { EvioError } from '@evio/types';

/** The files that a configuration names are small; what is larger was named by mistake. */
const MOST_BYTES = 1024 * 1024;
/** Bytes of an overlay's shared secret: the `psk` of Noise (§9). */
const SECRET_BYTES = 32;

function problem(message: string, cause?: unknown): EvioError {
  return new EvioError('CONFIG_FILE_INVALID', message, cause === undefined ? undefined : { cause });
}

/**
 * Reads a text file that the configuration names.
 *
 * @throws EvioError `CONFIG_FILE_INVALID` with the mend in its message.
 */
export function readTextFile(file: string): string {
  try {
    const { size } = statSync(file);
    if (size > MOST_BYTES) throw problem(`${file} has ${size} bytes, too many for what it is`);
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof EvioError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') throw problem(`there is no file ${file}`, error);
    if (code === 'EISDIR') throw problem(`${file} is a directory, not a file`, error);
    if (code === 'EACCES') {
      throw problem(`${file} cannot be read; run as root or let its owner run this`, error);
    }
    throw problem(`${file} cannot be read (${code ?? String(error)})`, error);
  }
}

function readSecretText(file: string): string {
  const text = readTextFile(file);
  const mode = statSync(file).mode & 0o777;
  if ((mode & 0o077) !== 0) {
    const octal = mode.toString(8).padStart(4, '0');
    throw problem(`${file} is open to others (mode ${octal}); mend it with: chmod 600 ${file}`);
  }
  return text;
}

/** The first line of a password file, without its line end. */
export function readPassword(file: string): string {
  const [line = ''] = readSecretText(file).split(/\r?\n/);
  if (line === '') throw problem(`${file} is empty; its first line should be the password`);
  return line;
}

/** The 32 bytes of an overlay's secret, from base64 or hex. */
export function readSharedSecret(file: string): Uint8Array {
  const text = readSecretText(file).trim();
  const bytes = /^[0-9a-fA-F]{64}$/.test(text)
    ? Buffer.from(text, 'hex')
    : /^[A-Za-z0-9+/]{43}=$/.test(text)
      ? Buffer.from(text, 'base64')
      : undefined;
  if (bytes?.length !== SECRET_BYTES) {
    throw problem(
      `${file} does not hold 32 bytes as base64 or hex; make one with: openssl rand -base64 32`,
    );
  }
  return new Uint8Array(bytes);
}

/** PEM text with at least one certificate in it. */
export function readCertificates(file: string): string {
  const text = readTextFile(file);
  try {
    new X509Certificate(text);
  } catch (error) {
    throw problem(`${file} does not begin with a PEM certificate`, error);
  }
  return text;
}

/** PEM text of a private key, which must be the one of `certificate` when that is known. */
export function readPrivateKey(file: string, certificate?: string): string {
  const text = readSecretText(file);
  let matches = true;
  try {
    const key = createPrivateKey(text);
    if (certificate !== undefined) matches = new X509Certificate(certificate).checkPrivateKey(key);
  } catch (error) {
    throw problem(`${file} does not hold a PEM private key`, error);
  }
  if (!matches) throw problem(`${file} is not the key of the certificate`);
  return text;
}
