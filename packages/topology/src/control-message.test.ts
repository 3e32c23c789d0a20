import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EvioError, type NodeId, nodeIdBytes } from '@evio/types';
import fc from 'fast-check';
import { BUCKETS, decodeControl, LINK_WISHES, MAX_MESSAGE_BYTES } from './control-message.ts';
import {
  encodeBuckets,
  encodeDigest,
  encodeGoodbye,
  encodeMembers,
  encodeNeighbours,
  encodeResend,
  encodeSummary,
  encodeWant,
  withWish,
} from './control-writer.ts';
import { RingPoints } from './ring-point.ts';

const points = new RingPoints();
const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const arbitraryPoint = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map(bytes => points.intern(Buffer.from(bytes).toString('hex') as NodeId));
const u48 = fc.integer({ min: 0, max: 2 ** 48 - 1 });

test('a neighbour list comes out as it went in', () => {
  const plainObject = { noNullPrototype: true };
  const item = fc.record(
    { point: arbitraryPoint, leaf: fc.boolean(), coordinate: u48 },
    plainObject,
  );
  const gone = fc.record({ point: arbitraryPoint, failed: fc.boolean() }, plainObject);
  fc.assert(
    fc.property(
      fc.array(item, { maxLength: 46 }),
      fc.array(gone, { maxLength: 46 }),
      fc.constantFrom(...LINK_WISHES),
      u48,
      (added, removed, wish, coordinate) => {
        const fields = { leaf: true, reset: false, version: 7, coordinate, error: 1 };
        const bytes = withWish(encodeNeighbours({ ...fields, added, removed }), wish);
        const message = decodeControl(view(bytes));
        assert.equal(message.kind, 'neighbours');
        if (message.kind !== 'neighbours') return;
        assert.deepEqual(
          { ...fields, wish },
          {
            leaf: message.leaf,
            reset: message.reset,
            version: message.version,
            coordinate: message.coordinate,
            error: message.error,
            wish: message.wish,
          },
        );
        const read = message.added.map(({ idOffset, leaf, coordinate: at }) => ({
          point: points.find(view(bytes), idOffset),
          leaf,
          coordinate: at,
        }));
        assert.deepEqual(read, added);
        assert.deepEqual(
          message.removed.map(({ idOffset }) => points.find(view(bytes), idOffset)),
          removed.map(({ point }) => point),
        );
      },
    ),
  );
});

test('records, digests and questions come out as they went in', () => {
  fc.assert(
    fc.property(
      arbitraryPoint,
      arbitraryPoint,
      u48,
      fc.uint8Array(),
      (point, end, sequence, record) => {
        const fields = { point, sequence, leaf: true, dead: false, end, record };
        const bytes = encodeMembers([fields, { point, sequence, leaf: false, dead: true, record }]);
        const message = decodeControl(view(bytes));
        assert.equal(message.kind, 'members');
        if (message.kind !== 'members') return;
        const [first, second] = message.records;
        assert.equal(points.find(view(bytes), first?.idOffset ?? 0), point);
        assert.equal(points.find(view(bytes), first?.endOffset ?? 0), end);
        assert.equal(second?.endOffset, undefined);
        assert.deepEqual([first?.sequence, first?.leaf, second?.dead], [sequence, true, true]);
        assert.deepEqual(Buffer.from(first?.record ?? []), Buffer.from(record));
      },
    ),
  );
  const digest = decodeControl(view(encodeDigest(5, 0xffff_ffff)));
  assert.deepEqual(digest, { kind: 'digest', count: 5, hash: 0xffff_ffff });
  const hashes = new Array<number>(BUCKETS).fill(3);
  assert.deepEqual(decodeControl(view(encodeBuckets(hashes))), { kind: 'buckets', hashes });
  const point = points.intern('a'.repeat(32) as NodeId);
  const summary = decodeControl(view(encodeSummary(9, true, [{ point, sequence: 2 }])));
  assert.deepEqual(summary, {
    kind: 'summary',
    bucket: 9,
    partial: true,
    members: [{ idOffset: 4, sequence: 2 }],
  });
  const want = decodeControl(view(encodeWant([nodeIdBytes(point.id)])));
  assert.deepEqual(want, { kind: 'want', idOffsets: [2] });
  assert.deepEqual(decodeControl(view(encodeResend())), { kind: 'resend' });
  assert.deepEqual(decodeControl(view(encodeGoodbye(true))), { kind: 'goodbye', leaving: true });
});

test('bytes that are no message give one kind of error, never another', () => {
  const kind = fc.integer({ min: 0, max: 9 });
  fc.assert(
    fc.property(kind, fc.uint8Array({ maxLength: 200 }), (first, rest) => {
      try {
        decodeControl(view(Uint8Array.of(first, ...rest)));
      } catch (error) {
        assert.ok(error instanceof EvioError);
        assert.equal(error.code, 'CONTROL_MALFORMED');
      }
    }),
    { numRuns: 2_000 },
  );
});

test('a full list fits the promised size', () => {
  const point = points.intern('b'.repeat(32) as NodeId);
  const added = new Array(46).fill({ point, leaf: false, coordinate: 1 });
  const fields = { leaf: false, reset: true, version: 1, coordinate: 1, error: 1, removed: [] };
  assert.ok(encodeNeighbours({ ...fields, added }).length <= MAX_MESSAGE_BYTES);
});
