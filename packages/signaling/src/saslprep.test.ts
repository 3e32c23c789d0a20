import assert from 'node:assert/strict';
import { test } from 'node:test';
import { saslprep } from './saslprep.ts';

test('the examples of RFC 4013 §3', () => {
  assert.equal(saslprep('I\u00adX'), 'IX');
  assert.equal(saslprep('user'), 'user');
  assert.equal(saslprep('USER'), 'USER');
  assert.equal(saslprep('\u00aa'), 'a');
  assert.equal(saslprep('\u2168'), 'IX');
  assert.throws(() => saslprep('\u0007'), { code: 'PASSWORD_INVALID' });
});

test('another space is a space, and the line end of a file is told', () => {
  assert.equal(saslprep('a\u00a0b'), 'a b');
  assert.throws(() => saslprep('secret\n'), /line end/);
});
