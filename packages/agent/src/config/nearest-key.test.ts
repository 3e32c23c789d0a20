import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearestKey } from './nearest-key.ts';

const KEYS = ['jid', 'password_file', 'certificate_file', 'key_file', 'service', 'ca', 'group'];

test('a mistyped key is found again', () => {
  for (const [typo, key] of [
    ['pasword_file', 'password_file'],
    ['passwordFile', 'password_file'],
    ['password-file', 'password_file'],
    ['password', 'password_file'],
    ['gruop', 'group'],
    ['jdi', 'jid'],
    ['Service', 'service'],
  ] as const) {
    assert.equal(nearestKey(typo, KEYS), key, typo);
  }
});

test('a key that is like none, or like several, is not guessed', () => {
  assert.equal(nearestKey('colour', KEYS), undefined);
  assert.equal(nearestKey('file', KEYS), undefined);
  assert.equal(nearestKey('x', []), undefined);
});
