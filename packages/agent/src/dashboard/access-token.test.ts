import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AccessToken } from './access-token.ts';

test('each token is another one, of 32 bytes', () => {
  const { text } = new AccessToken();
  assert.equal(Buffer.from(text, 'base64url').length, 32);
  assert.notEqual(new AccessToken().text, text);
});

test('only the very token is taken', () => {
  const token = new AccessToken();
  assert.ok(token.isShownBy(`Bearer ${token.text}`));
  for (const header of [
    undefined,
    '',
    'Bearer ',
    token.text,
    `Basic ${token.text}`,
    `Bearer ${token.text}x`,
    `Bearer ${token.text.slice(1)}`,
    `Bearer ${new AccessToken().text}`,
  ]) {
    assert.ok(!token.isShownBy(header), header);
  }
});
