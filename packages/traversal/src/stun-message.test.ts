import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeStun, parseStun, STUN_METHOD, type StunFields } from './stun-message.ts';

const bytesOf = (hex: string) => new Uint8Array(Buffer.from(hex.replace(/\s/g, ''), 'hex'));
const key = (text: string) => Buffer.from(text, 'utf8');

// RFC 5769 §2.1 and §2.2
const PASSWORD = key('VOkJxbRl1RmTxUk/WvJxBt');
const REQUEST = bytesOf(`
  00010058 2112a442 b7e7a701 bc34d686 fa87dfae 80220010 5354554e 20746573 7420636c 69656e74
  00240004 6e0001ff 80290008 932ff9b1 51263b36 00060009 6576746a 3a683676 59202020
  00080014 9aeaa70c bfd8cb56 781ef2b5 b2d3f249 c1b571a2 80280004 e57a3bcf`);
const RESPONSE = bytesOf(`
  0101003c 2112a442 b7e7a701 bc34d686 fa87dfae 8022000b 74657374 20766563 746f7220
  00200008 0001a147 e112a643 00080014 2b91f599 fd9e90c3 8c7489f9 2af9ba53 f06be7d7
  80280004 c07d4c96`);

const FIELDS: StunFields = {
  method: STUN_METHOD.binding,
  class: 'success',
  transactionId: '000102030405060708090a0b',
  attributes: { 'XOR-MAPPED-ADDRESS': { address: '192.0.2.1', port: 1000 } },
};

/** `message` with `extra` at its end, its length made right. */
function append(message: Uint8Array, extra: Uint8Array): Uint8Array {
  const joined = Buffer.concat([message, extra]);
  joined.writeUInt16BE(joined.length - 20, 2);
  return joined;
}

/** The message without its FINGERPRINT. */
function bare(message: Uint8Array): Uint8Array {
  return append(message.subarray(0, -8), new Uint8Array());
}

test('the request of RFC 5769 §2.1 is read and verified', () => {
  const message = parseStun(REQUEST);
  assert.ok(message);
  assert.equal(message.class, 'request');
  assert.equal(message.method, STUN_METHOD.binding);
  assert.equal(message.transactionId, 'b7e7a701bc34d686fa87dfae');
  assert.equal(message.get('USERNAME'), 'evtj:h6vY');
  assert.equal(message.get('PRIORITY'), 0x6e0001ff);
  assert.equal(message.get('ICE-CONTROLLED'), 0x932ff9b151263b36n);
  assert.ok(message.hasFingerprint);
  assert.ok(message.verifies(PASSWORD));
  assert.ok(!message.verifies(key('another')));
});

test('the response of RFC 5769 §2.2 is read and verified', () => {
  const message = parseStun(RESPONSE);
  assert.deepEqual(message?.get('XOR-MAPPED-ADDRESS'), { address: '192.0.2.1', port: 32853 });
  assert.ok(message.verifies(PASSWORD));
});

test('what is written reads back, addresses in their usual spelling', () => {
  for (const address of ['192.0.2.1', '2001:db8::1', '2001:db8:0:1::', '2001:0:0:1::1']) {
    const attributes = { 'XOR-MAPPED-ADDRESS': { address, port: 65535 } };
    const message = parseStun(encodeStun({ ...FIELDS, attributes, key: PASSWORD }));
    assert.deepEqual(message?.get('XOR-MAPPED-ADDRESS'), { address, port: 65535 });
    assert.ok(message.verifies(PASSWORD));
  }
});

test('any flipped bit is noticed: by the form, the fingerprint or the integrity', () => {
  for (let bit = 0; bit < REQUEST.length * 8; bit++) {
    const changed = Uint8Array.from(REQUEST);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const message = parseStun(changed);
    const accepted = message?.hasFingerprint && message.verifies(PASSWORD);
    assert.ok(!accepted, `bit ${bit}`);
  }
});

test('attributes behind MESSAGE-INTEGRITY are as if they were not there', () => {
  const signed = bare(encodeStun({ ...FIELDS, key: PASSWORD }));
  const forged = encodeStun({
    ...FIELDS,
    attributes: {
      'XOR-MAPPED-ADDRESS': { address: '198.51.100.66', port: 666 },
      'USE-CANDIDATE': true,
    },
  });
  const message = parseStun(append(signed, bare(forged).subarray(20)));
  assert.ok(message);
  assert.ok(message.verifies(PASSWORD));
  assert.deepEqual(message.get('XOR-MAPPED-ADDRESS'), { address: '192.0.2.1', port: 1000 });
  assert.equal(message.get('USE-CANDIDATE'), undefined);
});

test('of a repeated attribute the first counts', () => {
  const second = encodeStun({
    ...FIELDS,
    attributes: { 'XOR-MAPPED-ADDRESS': { address: '198.51.100.66', port: 666 } },
  });
  const message = parseStun(append(bare(encodeStun(FIELDS)), bare(second).subarray(20)));
  assert.deepEqual(message?.get('XOR-MAPPED-ADDRESS'), { address: '192.0.2.1', port: 1000 });
});

test('a huge address attribute is refused without work', () => {
  const length = 60_000;
  const huge = Buffer.alloc(24 + length);
  huge.writeUInt16BE(0x0101, 0);
  huge.writeUInt16BE(4 + length, 2);
  huge.writeUInt32BE(0x2112a442, 4);
  huge.writeUInt16BE(0x0020, 20);
  huge.writeUInt16BE(length, 22);
  const started = performance.now();
  assert.equal(parseStun(huge), undefined);
  assert.ok(performance.now() - started < 20);
});

test('unknown attributes that must be understood are listed', () => {
  const unknown = bytesOf('7ffe0000 fffe0000');
  assert.deepEqual(parseStun(append(bare(encodeStun(FIELDS)), unknown))?.unknownRequired, [0x7ffe]);
});

test('a message of another length than it says, or cut anywhere, is refused', () => {
  for (let length = 0; length < REQUEST.length; length++) {
    assert.equal(parseStun(REQUEST.subarray(0, length)), undefined);
  }
  assert.equal(parseStun(Buffer.concat([REQUEST, new Uint8Array(4)])), undefined);
});

test('nothing that is read depends on the buffer it came in', () => {
  const buffer = Uint8Array.from(REQUEST);
  const message = parseStun(buffer);
  buffer.fill(0);
  assert.ok(message);
  assert.equal(message.get('USERNAME'), 'evtj:h6vY');
  assert.ok(message.verifies(PASSWORD));
});
