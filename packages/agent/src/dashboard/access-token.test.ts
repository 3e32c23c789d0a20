import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { AccessToken } from './access-token.ts';

function stateDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'evio-token-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

test('the token is made once, for its owner only', t => {
  const directory = stateDirectory(t);
  const { text } = AccessToken.loadOrCreate(directory);
  const file = join(directory, 'dashboard.token');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(readFileSync(file, 'utf8').trim(), text);
  assert.equal(Buffer.from(text, 'base64url').length, 32);
  assert.equal(AccessToken.loadOrCreate(directory).text, text);
  assert.notEqual(AccessToken.loadOrCreate(stateDirectory(t)).text, text);
});

test('only the very token is taken', t => {
  const token = AccessToken.loadOrCreate(stateDirectory(t));
  assert.ok(token.isShownBy(`Bearer ${token.text}`));
  for (const header of [
    undefined,
    '',
    'Bearer ',
    token.text,
    `Basic ${token.text}`,
    `Bearer ${token.text}x`,
    `Bearer ${token.text.slice(1)}`,
  ]) {
    assert.ok(!token.isShownBy(header), header);
  }
});

test('a file with anything else is refused, not used', t => {
  const directory = stateDirectory(t);
  writeFileSync(join(directory, 'dashboard.token'), '\n');
  assert.throws(() => AccessToken.loadOrCreate(directory), { code: 'DASHBOARD_TOKEN_INVALID' });
});
