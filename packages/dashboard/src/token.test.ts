import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { takeToken } from './token.ts';

/** A tab of a browser, as far as tokens need one. */
function openTab(t: TestContext, kept: Record<string, string> = {}) {
  const location = { hash: '', pathname: '/' };
  const names = { location, history: { replaceState }, sessionStorage: { getItem, setItem } };
  for (const [name, value] of Object.entries(names)) {
    Object.defineProperty(globalThis, name, { value, configurable: true });
    t.after(() => Reflect.deleteProperty(globalThis, name));
  }
  function replaceState(_state: unknown, _unused: string, url: string) {
    location.hash = '';
    location.pathname = url;
  }
  function getItem(key: string) {
    return kept[key] ?? null;
  }
  function setItem(key: string, value: string) {
    kept[key] = value;
  }
  return location;
}

test('the token leaves the address bar and outlives a reload', t => {
  const location = openTab(t);
  location.hash = '#token=abc-_1';
  assert.equal(takeToken(), 'abc-_1');
  assert.deepEqual(location, { hash: '', pathname: '/' });
  assert.equal(takeToken(), 'abc-_1');
});

test('the token of the URL takes the place of the one that was kept', t => {
  const location = openTab(t);
  location.hash = '#token=old';
  takeToken();
  location.hash = '#token=new';
  assert.equal(takeToken(), 'new');
  assert.equal(takeToken(), 'new');
});

test('a tab that never had a token has none', t => {
  openTab(t).hash = '#elsewhere';
  assert.equal(takeToken(), undefined);
});
