import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

const TOKEN_BYTES = 32;

/**
 * The secret that a page has to show: 32 random bytes as base64url, in memory only.
 *
 * Each start draws a new one. Any user of the host can take the port of an agent that is restarted,
 * and an open page shows its token to whoever has the port: it must be worth nothing afterwards.
 */
export class AccessToken {
  readonly text = randomBytes(TOKEN_BYTES).toString('base64url');

  /** Whether an `Authorization` header shows it; the time taken tells nothing about the token. */
  isShownBy(authorization: string | undefined): boolean {
    const [, shown = ''] = /^Bearer (\S+)$/i.exec(authorization ?? '') ?? [];
    return timingSafeEqual(digest(shown), digest(this.text));
  }
}

/** Of equal length for any input, as timingSafeEqual() needs. */
const digest = (text: string) => createHash('sha256').update(text).digest();
