import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeId, peer, status } from '../../../agent/src/control/fixture.ts';
import { namesOf } from './names.ts';

const words = (...of: Parameters<typeof namesOf>) => namesOf(...of).map(({ word }) => word);

test('nodes are offered by name, accounts and overlays by theirs', () => {
  const of = status([peer('b'), peer('c')]);
  assert.deepEqual(words(of, 'node'), ['edge-b', 'edge-c']);
  assert.deepEqual(words(of, 'account'), ['edge-b@example.org', 'edge-c@example.org']);
  assert.deepEqual(words(of, 'overlay'), ['edge']);
  assert.equal(namesOf(of, 'node')[0]?.meaning, '10.10.0.2/16 fd00::2/64');
});

test('two nodes of one name are told apart by their accounts', () => {
  const of = status([peer('b', { name: 'pi' }), peer('c', { name: 'pi' })]);
  assert.deepEqual(words(of, 'node'), ['edge-b@example.org', 'edge-c@example.org']);
});

test('what another member chose as its name cannot speak to the shell', () => {
  const hostile = ['$(reboot)', 'a b', "x'; y", 'two\nlines', 'tab\there', '`id`'];
  for (const name of hostile) {
    const of = status([peer('b', { name, jid: `${name}@example.org` })]);
    assert.deepEqual(words(of, 'node'), [nodeId('b')]);
    assert.deepEqual(words(of, 'account'), []);
  }
});
