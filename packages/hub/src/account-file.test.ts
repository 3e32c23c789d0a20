import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { renderAccount, scramKeys, storageName } from './account-file.ts';

test('the keys are those of the example in RFC 7677 §3', () => {
  const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
  const { serverKey } = scramKeys('pencil', salt, 4096);
  const nonce = 'rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
  const messages = `n=user,r=rOprNGfwEbeRWgbNEkqO,r=${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=${nonce}`;
  assert.equal(
    createHmac('sha256', serverKey).update(messages).digest('base64'),
    '6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
  );
});

test('the stored account does not hold the password', () => {
  assert.ok(!renderAccount('correct-horse', 'salt').includes('correct-horse'));
});

test('names of files are those of Prosody', () => {
  assert.equal(storageName('edge-a.x_1'), 'edge%2da%2ex%5f1');
});
