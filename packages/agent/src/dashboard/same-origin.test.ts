import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isOwnOrigin } from './same-origin.ts';

const ADDRESS = '10.10.0.1';

test('loopback names and the address it listens on are its names, with any port', () => {
  for (const host of [
    'localhost',
    'LOCALHOST:9654',
    '127.0.0.1:9654',
    '127.1.2.3:1',
    '[::1]:9654',
    '10.10.0.1:9654',
  ]) {
    assert.ok(isOwnOrigin({ host }, ADDRESS), host);
  }
});

test('addresses are compared as addresses, not as text', () => {
  for (const address of ['FD00::1', 'fd00:0::1', 'fd00::1']) {
    for (const host of ['[fd00::1]:9654', '[FD00:0::1]']) {
      assert.ok(isOwnOrigin({ host }, address), `${host} for ${address}`);
    }
    assert.ok(!isOwnOrigin({ host: '[fd00::2]:9654' }, address));
  }
  assert.ok(isOwnOrigin({ host: '[::ffff:a0a:1]' }, '::ffff:10.10.0.1'));
  assert.ok(isOwnOrigin({ host: '[fe80::1]' }, 'fe80::1%eth0'));
});

test('a name that was bound to this address later is none of them', () => {
  for (const host of [
    undefined,
    '',
    'evil.example',
    'evil.example:9654',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '127.evil.example',
    '10.10.0.2:9654',
    'localhost:9654@evil.example',
    '[::1].evil.example',
    ':9654',
  ]) {
    assert.ok(!isOwnOrigin(host === undefined ? {} : { host }, ADDRESS), host);
  }
});

test('pages of other origins are refused, of the same host with another port as well', () => {
  const host = '127.0.0.1:9654';
  assert.ok(isOwnOrigin({ host, origin: 'http://127.0.0.1:9654' }, ADDRESS));
  for (const origin of ['null', 'http://evil.example', 'http://127.0.0.1:80', `https://${host}`]) {
    assert.ok(!isOwnOrigin({ host, origin }, ADDRESS), origin);
  }
  for (const site of ['same-origin', 'none']) {
    assert.ok(isOwnOrigin({ host, 'sec-fetch-site': site }, ADDRESS), site);
  }
  for (const site of ['cross-site', 'same-site', 'whatever comes next']) {
    assert.ok(!isOwnOrigin({ host, 'sec-fetch-site': site }, ADDRESS), site);
  }
});
