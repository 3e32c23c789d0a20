/** A secret shorter than this would take ordinary words out of a text with it. */
const SHORTEST = 4;

const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----/g;
/** Passwords within URLs, invitations among them. */
const IN_URL = /\b([a-z][a-z0-9+.-]*:\/\/[^\s:/@]+):[^\s/@]+@/gi;
const INVITATION = /\bevio:\/\/\S+/gi;
const SHOWN = '[secret]';

/**
 * Takes secrets out of texts, wherever they stand: those it is told of, in each way that they may be
 * written, and what looks like one (private keys in PEM, passwords in URLs, invitations).
 */
export class Redactor {
  readonly #forms: readonly string[];

  /** @param secrets as texts; bytes in all their notations. */
  constructor(secrets: Iterable<string | Uint8Array>) {
    const forms = new Set<string>();
    for (const secret of secrets) {
      const spelled = typeof secret === 'string' ? notationsOfText(secret) : notationsOf(secret);
      for (const form of spelled) if (form.length >= SHORTEST) forms.add(form);
    }
    // The longest first: one may be part of another.
    this.#forms = [...forms].sort((a, b) => b.length - a.length);
  }

  redact(text: string): string {
    let redacted = text
      .replace(PRIVATE_KEY, SHOWN)
      .replace(INVITATION, SHOWN)
      .replace(IN_URL, `$1:${SHOWN}@`);
    for (const form of this.#forms) redacted = redacted.replaceAll(form, SHOWN);
    return redacted;
  }
}

function notationsOfText(text: string): string[] {
  const trimmed = text.trim();
  return [
    trimmed,
    JSON.stringify(trimmed).slice(1, -1),
    encodeURIComponent(trimmed),
    ...notationsOf(Buffer.from(trimmed)),
  ];
}

function notationsOf(bytes: Uint8Array): string[] {
  const buffer = Buffer.from(bytes);
  const base64 = buffer.toString('base64');
  return [base64, base64.replace(/=+$/, ''), buffer.toString('base64url'), buffer.toString('hex')];
}
