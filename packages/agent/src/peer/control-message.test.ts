import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LinkMessage } from '@evio/signaling';
import { decodeControlMessage, encodeControlMessage } from './control-message.ts';
import { LINK_MESSAGE_MAX } from './link-message-codec.ts';

const CREDENTIALS = { ufrag: 'abcd', password: 'abcdefghijklmnopqrstuv' };
const CANDIDATES = [
  {
    foundation: 'f1',
    priority: 2_130_706_431,
    type: 'srflx',
    endpoint: { address: '203.0.113.7', port: 4000 },
    related: { address: '10.0.0.2', port: 4000 },
  },
  {
    foundation: 'f2',
    priority: 5,
    type: 'host',
    endpoint: { address: '2001:db8::7', port: 4000 },
  },
] as const;
const OFFER: LinkMessage = {
  kind: 'offer',
  session: 'sid',
  credentials: CREDENTIALS,
  candidates: CANDIDATES,
  handshake: new Uint8Array([0xc1, 0, 255]),
};

test('every kind of link message survives the way', () => {
  const messages: LinkMessage[] = [
    OFFER,
    { kind: 'answer', session: 'sid', credentials: CREDENTIALS, candidates: [] },
    {
      kind: 'candidates',
      session: 'sid',
      credentials: CREDENTIALS,
      candidates: CANDIDATES,
      done: true,
    },
    { kind: 'end', session: 'sid', reason: 'busy' },
  ];
  for (const message of messages) {
    const bytes = encodeControlMessage({ kind: 'link', message });
    assert.deepEqual(decodeControlMessage(bytes), { kind: 'link', message });
  }
});

test('what is for the topology stays as it is', () => {
  const bytes = encodeControlMessage({ kind: 'topology', bytes: new Uint8Array([7, 8]) });
  assert.deepEqual([...bytes], [0, 7, 8]);
  const decoded = decodeControlMessage(bytes);
  assert.equal(decoded.kind, 'topology');
  assert.deepEqual(decoded.kind === 'topology' && [...decoded.bytes], [7, 8]);
});

test('anything else is refused', () => {
  const link = (value: unknown) => new TextEncoder().encode(`\u0001${JSON.stringify(value)}`);
  const bad = [
    new Uint8Array(),
    new Uint8Array([2, 1]),
    new Uint8Array([1, 0xff, 0xfe]),
    link(null),
    link({ kind: 'end', session: 'sid' }),
    link({ kind: 'end', session: 'sid', reason: 'x', more: 1 }),
    link({ ...OFFER, handshake: 'no base64!' }),
    link({ ...OFFER, handshake: 'aaaa', candidates: Array(65).fill(CANDIDATES[1]) }),
    link({
      ...OFFER,
      handshake: 'aaaa',
      candidates: [{ ...CANDIDATES[1], endpoint: { address: 'example.org', port: 1 } }],
    }),
    new Uint8Array(LINK_MESSAGE_MAX + 2).fill(0x20).fill(1, 0, 1),
  ];
  for (const bytes of bad) assert.throws(() => decodeControlMessage(bytes), { name: 'EvioError' });
});
