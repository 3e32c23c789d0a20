import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseJid, readJid } from './jid.ts';

test('a JID has its parts; local part and domain in lower case, the resource as it is', () => {
  assert.deepEqual(parseJid('Edge-A@Example.ORG/Node/1'), {
    local: 'edge-a',
    domain: 'example.org',
    resource: 'Node/1',
    bare: 'edge-a@example.org',
    full: 'edge-a@example.org/Node/1',
  });
  assert.equal(parseJid('example.org').bare, 'example.org');
});

test('what is not a JID is refused', () => {
  for (const text of [
    '',
    '@',
    'a@',
    '@b',
    'a@b/',
    'a b@c',
    'a@b@c',
    'a@b\n',
    'a<@b',
    'a@b/\u0000',
    `${'x'.repeat(1024)}@b`,
  ]) {
    assert.equal(readJid(text), undefined, text);
  }
  assert.equal(readJid(undefined), undefined);
});
