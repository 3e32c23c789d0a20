import { isIP } from 'node:net';
import { crc32 } from 'node:zlib';
import { EvioError } from './error.ts';

/** An overlay that an invited node joins. */
export interface InvitedOverlay {
  readonly name: string;
  /** The node's address there, with prefix length: `10.10.0.3/16`. */
  readonly address: string;
}

/**
 * What a new host needs to join: `evio hub invite` writes it, `evio join` reads it.
 * `docs/joining.md` specifies the bytes of its one-line form.
 */
export interface Invitation {
  /** Bare JID of the account that the hub made for the node. */
  readonly account: string;
  /** Good for one login, in which the node replaces it. */
  readonly password: string;
  /** `xmpps://192.0.2.1:5223` */
  readonly service: string;
  /**
   * SHA-256 of the certificate (DER) that vouches for the hub, 32 bytes; absent when the hub has a
   * certificate that every host trusts.
   */
  readonly pin?: Uint8Array;
  /** Seconds since 1970; from then on the hub refuses the password. */
  readonly expires: number;
  /** At least one. */
  readonly overlays: readonly InvitedOverlay[];
}

const SCHEME = 'evio://';
const VERSION = 1;
const PINNED = 1;
const PIN_BYTES = 32;
const CHECKSUM_BYTES = 4;
const MOST_OVERLAYS = 16;

/**
 * Writes an invitation as one line that needs no quotes in a shell.
 *
 * @throws EvioError `INVITATION_INVALID` when a field would not survive the way.
 */
export function formatInvitation(invitation: Invitation): string {
  const { pin, expires, account, password, service, overlays } = invitation;
  checkFields(invitation);
  const head = Buffer.alloc(6);
  head.writeUInt8(VERSION, 0);
  head.writeUInt32BE(expires, 1);
  head.writeUInt8(pin === undefined ? 0 : PINNED, 5);
  const body = Buffer.concat([
    head,
    pin ?? Buffer.alloc(0),
    ...[password, account, service].map(textBytes),
    Buffer.from([overlays.length]),
    ...overlays.flatMap(({ name, address }) => [textBytes(name), textBytes(address)]),
  ]);
  return SCHEME + Buffer.concat([body, checksum(body)]).toString('base64url');
}

/**
 * Reads what {@link formatInvitation} wrote; white space that a terminal or a mail put into it does
 * not matter. Any change of up to five neighbouring characters is noticed, others all but surely.
 *
 * @throws EvioError `INVITATION_INVALID`, or `INVITATION_VERSION` for one of a later Evio.
 */
export function parseInvitation(line: string): Invitation {
  const text = line.replaceAll(/\s+/g, '');
  if (!text.startsWith(SCHEME)) {
    throw invalid(`expected one line that begins with ${SCHEME}, got ${shown(line)}`);
  }
  const code = text.slice(SCHEME.length);
  const bytes = Buffer.from(code, 'base64url');
  // The decoder skips what it does not know, and ignores bits that are left over.
  if (bytes.toString('base64url') !== code) throw altered();
  const body = bytes.subarray(0, -CHECKSUM_BYTES);
  if (body.length === 0 || !checksum(body).equals(bytes.subarray(-CHECKSUM_BYTES))) throw altered();
  if (body[0] !== VERSION) {
    throw new EvioError(
      'INVITATION_VERSION',
      `the invitation has version ${body[0]}, this evio reads version ${VERSION}: install the evio that the hub has`,
    );
  }
  const invitation = readBody(new FieldReader(body.subarray(1)));
  checkFields(invitation);
  return invitation;
}

function readBody(reader: FieldReader): Invitation {
  const expires = reader.take(4).readUInt32BE();
  const flags = reader.byte();
  if ((flags & ~PINNED) !== 0) throw invalid(`unknown flags ${flags}`);
  const pin = (flags & PINNED) === 0 ? undefined : new Uint8Array(reader.take(PIN_BYTES));
  const [password, account, service] = [reader.text(), reader.text(), reader.text()];
  const overlays = Array.from({ length: Math.min(reader.byte(), MOST_OVERLAYS + 1) }, () => ({
    name: reader.text(),
    address: reader.text(),
  }));
  reader.end();
  return { account, password, service, ...(pin && { pin }), expires, overlays };
}

/** Reads fields off the front of a body; a field that is not all there is refused. */
class FieldReader {
  #rest: Buffer;

  constructor(bytes: Buffer) {
    this.#rest = bytes;
  }

  take(length: number): Buffer {
    if (this.#rest.length < length) throw invalid('it ends too early');
    const field = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return field;
  }

  byte(): number {
    return this.take(1).readUInt8();
  }

  text(): string {
    const bytes = this.take(this.byte());
    const text = bytes.toString('utf8');
    if (!Buffer.from(text, 'utf8').equals(bytes)) throw invalid('a field is not UTF-8');
    return text;
  }

  end(): void {
    if (this.#rest.length > 0) throw invalid('it goes on after its end');
  }
}

/** Both sides check the same: what is written can be read, and what is read is fit for a file. */
function checkFields({ account, password, service, pin, expires, overlays }: Invitation): void {
  const expect = (holds: boolean, what: string) => {
    if (!holds) throw invalid(`expected ${what}`);
  };
  expect(/^[^\s@/"&'<>:]+@[^\s@/]+$/.test(account), 'an account like edge-a@example.org');
  expect(/^[\x21-\x7e]{1,255}$/.test(password), 'a password of printable ASCII');
  expect(/^xmpps?:\/\/[^\s/@]+$/.test(service), 'a service like xmpps://192.0.2.1:5223');
  expect(pin === undefined || pin.length === PIN_BYTES, `a pin of ${PIN_BYTES} bytes`);
  expect(Number.isInteger(expires) && expires >= 0 && expires < 2 ** 32, 'an expiry in seconds');
  expect(overlays.length >= 1 && overlays.length <= MOST_OVERLAYS, '1 to 16 overlays');
  expect(new Set(overlays.map(({ name }) => name)).size === overlays.length, 'each overlay once');
  for (const { name, address } of overlays) {
    expect(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(name), 'an overlay name');
    const [host = '', bits = '', ...rest] = address.split('/');
    const family = isIP(host);
    const prefix = /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
    const fits = rest.length === 0 && !host.includes('%') && prefix <= (family === 4 ? 32 : 128);
    expect(family !== 0 && fits, 'an address like 10.10.0.3/16');
  }
}

function textBytes(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length > 255) throw invalid(`expected at most 255 bytes, got ${shown(text)}`);
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

function checksum(body: Buffer): Buffer {
  const bytes = Buffer.alloc(CHECKSUM_BYTES);
  bytes.writeUInt32BE(crc32(body));
  return bytes;
}

function altered(): EvioError {
  return invalid(
    'its checksum does not fit: a part is missing or altered; copy it once more, whole',
  );
}

function invalid(why: string): EvioError {
  return new EvioError('INVITATION_INVALID', `this is not a whole invitation: ${why}`);
}

function shown(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 37)}…` : text);
}
