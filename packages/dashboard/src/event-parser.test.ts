import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EventParser } from './event-parser.ts';

test('events are read wherever the stream is cut', () => {
  const stream =
    'event: snapshot\ndata: {"a":1}\n\n: a comment\n\ndata: x\ndata: y\n\ndata: cut off';
  fc.assert(
    fc.property(fc.array(fc.nat(stream.length)), cuts => {
      const parser = new EventParser();
      const at = [0, ...cuts.sort((a, b) => a - b), stream.length];
      const found = at.flatMap((from, index) =>
        parser.push(stream.slice(from, at[index + 1] ?? from)),
      );
      assert.deepEqual(found, ['{"a":1}', 'x\ny']);
    }),
  );
});
