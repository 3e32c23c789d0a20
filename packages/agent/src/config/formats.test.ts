import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  INTERFACE_NAME,
  isOwnEndpoint,
  isStunUrl,
  isTurnUrl,
  isXmppService,
  JID,
  parseCidr,
  parseServerUrl,
} from './formats.ts';

test('CIDRs of both families are read', () => {
  assert.deepEqual(parseCidr('10.0.0.1/8'), { address: '10.0.0.1', prefix: 8, family: 4 });
  assert.deepEqual(parseCidr('fd00::1/128'), { address: 'fd00::1', prefix: 128, family: 6 });
  for (const text of [
    '10.0.0.1',
    '10.0.0.1/33',
    'fd00::1/129',
    '10.0.0/8',
    'fe80::1%eth0/64',
    '10.0.0.1/8/8',
    '10.0.0.1/+8',
  ]) {
    assert.equal(parseCidr(text), undefined, text);
  }
});

test('server URLs are read, IPv6 addresses in brackets', () => {
  assert.deepEqual(parseServerUrl('turn:[2001:db8::1]:99?transport=tcp'), {
    scheme: 'turn',
    host: '2001:db8::1',
    port: 99,
    transport: 'tcp',
  });
  for (const text of ['stun:', 'stun:h:0', 'stun:h:99999', 'stun:[h]', 'http://h', 'stun:a:b:c']) {
    assert.equal(parseServerUrl(text), undefined, text);
  }
});

test('each kind of server takes its own URLs', () => {
  assert.ok(isStunUrl('stun:stun.example.org:3478'));
  assert.ok(!isStunUrl('turn:turn.example.org'));
  assert.ok(isTurnUrl('turns:turn.example.org?transport=tcp'));
  assert.ok(!isTurnUrl('turns:turn.example.org?transport=udp'));
  assert.ok(isXmppService('xmpps://xmpp.example.org:5223'));
  assert.ok(!isXmppService('xmpp.example.org:5223'));
  assert.ok(!isXmppService('xmpps:xmpp.example.org'));
});

test('accounts have no resource, interfaces are named as the kernel allows', () => {
  assert.ok(JID.test('edge-a@example.org'));
  for (const text of ['edge-a', 'a@b/c', '@b', 'a@', 'a b@c']) assert.ok(!JID.test(text), text);
  assert.ok(INTERFACE_NAME.test('evio0'));
  for (const text of ['', 'a/b', 'a b', '.', '..', 'sixteen-letters-']) {
    assert.ok(!INTERFACE_NAME.test(text), text);
  }
});

test('addresses to listen on are of one interface, with a port', () => {
  for (const text of ['127.0.0.1:9654', '[::1]:0', '[FD00::1]:1'])
    assert.ok(isOwnEndpoint(text), text);
  for (const text of [
    '127.0.0.1',
    'localhost:9654',
    '::1:9654',
    '[127.0.0.1]:9654',
    '0.0.0.0:9654',
    '[::]:9654',
    '[0:0::0]:9654',
    '[::%lo]:9654',
    '[::0.0.0.0]:9654',
    '[::ffff:0.0.0.0]:9654',
    '[::FFFF:0:0]:9654',
    '127.0.0.1:65536',
    '127.0.0.1:',
  ]) {
    assert.ok(!isOwnEndpoint(text), text);
  }
});
