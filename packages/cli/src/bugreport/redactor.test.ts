import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Redactor } from './redactor.ts';

test('no notation of a secret is left in a text', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 16, maxLength: 40 }),
      fc.string({ minLength: 8 }).filter(text => text.trim().length >= 8),
      (bytes, password) => {
        const redactor = new Redactor([bytes, password]);
        const buffer = Buffer.from(bytes);
        for (const form of [
          buffer.toString('hex'),
          buffer.toString('base64'),
          buffer.toString('base64url'),
          password,
          JSON.stringify(password.trim()).slice(1, -1),
          Buffer.from(password.trim()).toString('base64'),
        ]) {
          assert.ok(!redactor.redact(`before ${form} after`).includes(form.trim()), form);
        }
      },
    ),
  );
});

test('what looks like a secret is taken out without being known', () => {
  const pem = '-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----';
  const redactor = new Redactor([]);
  assert.equal(redactor.redact(`a\n${pem}\nb`), 'a\n[secret]\nb');
  assert.equal(redactor.redact('http://me:hunter2@host/'), 'http://me:[secret]@host/');
  assert.equal(redactor.redact('evio join evio://x?p=1 now'), 'evio join [secret] now');
});

test('short words stay: they would take others with them', () => {
  assert.equal(new Redactor(['a', '']).redact('a banana'), 'a banana');
});
