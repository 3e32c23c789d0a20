import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EvioError } from '@evio/types';

const TOKEN_BYTES = 32;
const TOKEN = /^[A-Za-z0-9_-]{43}$/;

/** The secret that a page has to show: 32 random bytes as base64url, kept over restarts. */
export class AccessToken {
  readonly text: string;

  private constructor(text: string) {
    this.text = text;
  }

  /**
   * Reads `dashboard.token` in the state directory, or makes it (mode 0600).
   *
   * @throws EvioError `DASHBOARD_TOKEN_INVALID` when the file holds anything else.
   */
  static loadOrCreate(stateDir: string): AccessToken {
    const file = join(stateDir, 'dashboard.token');
    try {
      const text = readFileSync(file, 'utf8').trim();
      if (TOKEN.test(text)) return new AccessToken(text);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      const text = randomBytes(TOKEN_BYTES).toString('base64url');
      writeFileSync(file, `${text}\n`, { mode: 0o600, flag: 'wx' });
      return new AccessToken(text);
    }
    const mend = 'remove it, and the next start makes a new one';
    const message = `${file}: expected 43 characters of base64url; ${mend}`;
    throw new EvioError('DASHBOARD_TOKEN_INVALID', message);
  }

  /** Whether an `Authorization` header shows it; the time taken tells nothing about the token. */
  isShownBy(authorization: string | undefined): boolean {
    const [, shown = ''] = /^Bearer (\S+)$/i.exec(authorization ?? '') ?? [];
    return timingSafeEqual(digest(shown), digest(this.text));
  }
}

/** Of equal length for any input, as timingSafeEqual() needs. */
const digest = (text: string) => createHash('sha256').update(text).digest();
