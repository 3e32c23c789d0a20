import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isForPage } from './use-keys.ts';

const element = (localName: string, isContentEditable = false) => ({
  localName,
  isContentEditable,
});

test('fields keep what is typed into them, but Escape leaves them', () => {
  for (const field of [
    element('input'),
    element('select'),
    element('textarea'),
    element('div', true),
  ]) {
    assert.equal(isForPage('t', field), false, field.localName);
    assert.equal(isForPage('/', field), false, field.localName);
    assert.equal(isForPage('Escape', field), true, field.localName);
  }
});

test('a button keeps the keys that press it, and no others', () => {
  assert.equal(isForPage('Enter', element('button')), false);
  assert.equal(isForPage(' ', element('button')), false);
  assert.equal(isForPage('t', element('button')), true);
  assert.equal(isForPage('Enter', element('body')), true);
});
