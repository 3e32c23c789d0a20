import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { formatInvitation, type Invitation, parseInvitation } from './invitation.ts';

const INVITATION: Invitation = {
  account: 'edge-b@example.org',
  password: 'oneTimeOneTimeOneTime1',
  service: 'xmpps://203.0.113.10:5223',
  pin: new Uint8Array(32).map((_, index) => index * 7),
  expires: 1_800_000_000,
  overlays: [{ name: 'edge', address: '10.10.0.2/16' }],
};

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const letters = (least: number, most: number) =>
  fc.string({
    unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz0123456789'),
    minLength: least,
    maxLength: most,
  });

const invitations: fc.Arbitrary<Invitation> = fc
  .record({
    node: letters(1, 40),
    domain: letters(1, 60),
    password: letters(1, 40),
    expires: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    pin: fc.option(fc.uint8Array({ minLength: 32, maxLength: 32 }), { nil: undefined }),
    names: fc.uniqueArray(letters(1, 20), { minLength: 1, maxLength: 16 }),
    octet: fc.integer({ min: 0, max: 255 }),
  })
  .map(({ node, domain, password, expires, pin, names, octet }) => ({
    account: `${node}@${domain}`,
    password,
    service: `xmpps://${domain}:5223`,
    ...(pin && { pin: new Uint8Array(pin) }),
    expires,
    overlays: names.map(name => ({ name, address: `10.10.${octet}.1/16` })),
  }));

test('an invitation survives the way through its line', () => {
  assert.deepEqual(parseInvitation(formatInvitation(INVITATION)), INVITATION);
  fc.assert(
    fc.property(invitations, invitation => {
      const line = formatInvitation(invitation);
      assert.match(line, /^evio:\/\/[A-Za-z0-9_-]+$/);
      assert.deepEqual(parseInvitation(line), invitation);
    }),
  );
});

test('the line of a usual invitation is short', () => {
  assert.ok(formatInvitation(INVITATION).length < 210);
});

test('white space that a mail or a terminal put in does not matter', () => {
  const line = formatInvitation(INVITATION);
  assert.deepEqual(parseInvitation(` ${line.slice(0, 50)}\r\n  ${line.slice(50)}\n`), INVITATION);
});

test('every single altered character is noticed', () => {
  const line = formatInvitation(INVITATION);
  for (let at = 0; at < line.length; at++) {
    const other = line[at] === 'A' ? 'B' : 'A';
    const altered = line.slice(0, at) + other + line.slice(at + 1);
    assert.throws(() => parseInvitation(altered), { code: 'INVITATION_INVALID' }, altered);
  }
});

test('altered, swapped, missing and added characters are noticed', () => {
  const start = 'evio://'.length;
  const place = fc.integer({ min: start, max: formatInvitation(INVITATION).length - 1 });
  const run = fc.string({ unit: fc.constantFrom(...ALPHABET), minLength: 0, maxLength: 5 });
  fc.assert(
    fc.property(place, fc.integer({ min: 0, max: 5 }), run, (at, removed, added) => {
      const line = formatInvitation(INVITATION);
      const altered = line.slice(0, at) + added + line.slice(at + removed);
      fc.pre(altered !== line);
      assert.throws(() => parseInvitation(altered), { code: 'INVITATION_INVALID' });
    }),
    { numRuns: 2000 },
  );
});

test('whatever else comes is refused by an error that says what was expected', () => {
  for (const text of [
    '',
    'evio://',
    'evio://AAAA',
    'https://example.org',
    'evio://ä',
    'EVIO://AQ',
  ]) {
    assert.throws(() => parseInvitation(text), { code: 'INVITATION_INVALID' }, text);
  }
  assert.throws(() => parseInvitation('xmpp:a@b'), /begins with evio:\/\/, got "xmpp:a@b"/);
});

/** A line whose checksum fits, whatever its body is. */
function signed(body: Uint8Array): string {
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(body));
  return `evio://${Buffer.concat([body, checksum]).toString('base64url')}`;
}

test('a body that is no invitation is refused even when its checksum fits', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), rest => {
      const body = Buffer.concat([Buffer.from([1]), rest]);
      assert.throws(() => parseInvitation(signed(body)), { code: 'INVITATION_INVALID' });
    }),
  );
});

test('an invitation of a later version says so', () => {
  assert.throws(() => parseInvitation(signed(Buffer.from([2, 0]))), {
    code: 'INVITATION_VERSION',
    message: /version 2, this evio reads version 1/,
  });
});

test('what could not be read is not written', () => {
  const wrong: Partial<Invitation>[] = [
    { account: 'edge-b' },
    { password: 'two words' },
    { service: 'http://example.org' },
    { pin: new Uint8Array(31) },
    { expires: 1.5 },
    { overlays: [] },
    { overlays: [{ name: 'edge', address: '10.10.0.2' }] },
    { overlays: [{ name: 'a/b', address: '10.10.0.2/16' }] },
    { account: `edge@${'a'.repeat(255)}` },
  ];
  for (const field of wrong) {
    assert.throws(() => formatInvitation({ ...INVITATION, ...field }), {
      code: 'INVITATION_INVALID',
    });
  }
});
