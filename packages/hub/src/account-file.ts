import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { luaLiteral } from './lua.ts';

/** RFC 7677 §4 asks for at least 4096; this is Prosody's own default. */
export const SCRAM_ITERATIONS = 10_000;

/**
 * How Prosody's `internal` storage names the file of a key: everything but letters and digits
 * becomes `%xx`.
 */
export function storageName(key: string): string {
  return key.replace(/[^A-Za-z0-9]/g, char =>
    Array.from(Buffer.from(char), byte => `%${byte.toString(16).padStart(2, '0')}`).join(''),
  );
}

/** What a server keeps of a password (RFC 5802 §3): it can check one by it, but not log in. */
export interface ScramKeys {
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

/**
 * The keys of SCRAM-SHA-256 (RFC 7677), 32 bytes each.
 *
 * @param password ASCII, which SASLprep (RFC 4013) leaves as it is.
 */
export function scramKeys(
  password: string,
  salt: string | Uint8Array,
  iterations: number,
): ScramKeys {
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256');
  const hmac = (text: string) => createHmac('sha256', salted).update(text).digest();
  return {
    storedKey: createHash('sha256').update(hmac('Client Key')).digest(),
    serverKey: hmac('Server Key'),
  };
}

/**
 * An account as `mod_auth_internal_hashed` stores it with `password_hash = "SHA-256"`. We write it
 * instead of calling `prosodyctl` because that takes a third of a second each and works only where
 * Prosody is installed; Prosody reads the file at every login, so a running one needs no notice.
 *
 * @param salt any text.
 */
export function renderAccount(password: string, salt: string): string {
  const { storedKey, serverKey } = scramKeys(password, salt, SCRAM_ITERATIONS);
  const account = {
    iteration_count: SCRAM_ITERATIONS,
    salt,
    server_key: serverKey.toString('hex'),
    stored_key: storedKey.toString('hex'),
  };
  return `return ${luaLiteral(account)};\n`;
}
