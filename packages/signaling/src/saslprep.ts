import { EvioError } from '@evio/types';

// RFC 4013 §2.1 with the tables of RFC 3454 it names.
const SPACES = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/g;
const NOTHING =
  /\u034f|\u1806|[\u180b-\u180d]|\u200d|[\u00ad\u200b\u200c\u2060\ufeff]|[\ufe00-\ufe0f]/g;
const PROHIBITED =
  /[\p{Cc}\p{Co}\p{Cs}\u06dd\u070f\u180e\u200e\u200f\u2028-\u202e\u2060-\u2064\u206a-\u206f\ufdd0-\ufdef\ufff9-\ufffe]/u;

/**
 * Prepares a user name or password for comparison (SASLprep, RFC 4013): both ends must hash the same
 * bytes however the text was typed. The rule on mixed writing directions is left to the server.
 *
 * @throws EvioError `PASSWORD_INVALID` when it holds control or private characters
 */
export function saslprep(text: string): string {
  const mapped = text.replace(NOTHING, '').replace(SPACES, ' ').normalize('NFKC');
  if (PROHIBITED.test(mapped)) {
    throw new EvioError(
      'PASSWORD_INVALID',
      'a user name or password holds control characters (a line end from its file?)',
    );
  }
  return mapped;
}
