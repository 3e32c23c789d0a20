import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { IdTable } from './id-table.ts';

/** Ids of few different bytes, so that many begin at the same place. */
const arbitraryId = fc.uint8Array({ minLength: 16, maxLength: 16, max: 3 });

test('an id is found exactly when it was added, with the value it was given last', () => {
  fc.assert(
    fc.property(fc.array(arbitraryId, { maxLength: 300 }), arbitraryId, (ids, other) => {
      const table = new IdTable<{ index: number }>();
      const expected = new Map<string, number>();
      ids.forEach((id, index) => {
        table.set(new DataView(id.buffer), 0, { index });
        expected.set(id.join(), index);
      });
      for (const id of [...ids, other, new Uint8Array(16)]) {
        const message = new Uint8Array(20);
        message.set(id, 3);
        const found = table.get(new DataView(message.buffer), 3);
        assert.equal(found?.index, expected.get(id.join()));
      }
    }),
  );
});
