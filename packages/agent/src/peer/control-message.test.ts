import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LinkMessage } from '@evio/signaling';
import { EvioError, parseNodeId } from '@evio/types';
import fc from 'fast-check';
import { decodeControlMessage, encodeControlMessage } from './control-message.ts';
import { LINK_MESSAGE_MAX } from './link-message-codec.ts';
import type { TraceMessage } from './trace-message-codec.ts';

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

const NODE = parseNodeId('00112233445566778899aabbccddeeff');
const TRACE: TraceMessage = {
  kind: 'trace',
  token: 7,
  target: NODE,
  bound: 2 ** 32 - 1,
  plain: false,
  nodes: [NODE, NODE],
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

test('both kinds of trace message survive the way', () => {
  const next = { id: NODE, reason: 'look-ahead', path: 'turn', rttMs: null } as const;
  const messages: TraceMessage[] = [
    TRACE,
    { kind: 'step', token: 7, nodes: [NODE] },
    { kind: 'step', token: 7, nodes: [NODE, NODE], next },
  ];
  for (const message of messages) {
    const bytes = encodeControlMessage({ kind: 'trace', message });
    assert.deepEqual(decodeControlMessage(bytes), { kind: 'trace', message });
  }
});

test('whatever a peer sends, it is a message or an EvioError', () => {
  const bytes = encodeControlMessage({ kind: 'trace', message: TRACE });
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 400 }),
        fc.tuple(fc.constantFrom(0, 1, 2), fc.json()).map(([kind, text]) => {
          return new TextEncoder().encode(String.fromCharCode(kind) + text);
        }),
        fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)).map(([at, byte]) => {
          return bytes.with(at, byte);
        }),
      ),
      given => {
        try {
          decodeControlMessage(given);
        } catch (error) {
          assert.ok(error instanceof EvioError);
        }
      },
    ),
  );
});

test('anything else is refused', () => {
  const trace = (value: unknown) => new TextEncoder().encode(`\u0002${JSON.stringify(value)}`);
  const link = (value: unknown) => new TextEncoder().encode(`\u0001${JSON.stringify(value)}`);
  const bad = [
    new Uint8Array(),
    new Uint8Array([3, 1]),
    new Uint8Array([2, 1]),
    trace({ ...TRACE, target: 'somebody' }),
    trace({ ...TRACE, nodes: [] }),
    trace({ ...TRACE, nodes: Array(34).fill(NODE) }),
    trace({ ...TRACE, bound: -1 }),
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
