import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { NodeId } from '@evio/types';
import {
  KIND,
  LINK_WISHES,
  MAX_LIST_ITEMS,
  MAX_MESSAGE_BYTES,
  MAX_RECORD_BYTES,
  MAX_SUMMARY,
  MAX_WANTED,
} from './control-message.ts';
import { encodeMembers, encodeNeighbours } from './control-writer.ts';
import { RingPoints } from './ring-point.ts';

const page = readFileSync(new URL('../../../docs/protocol-control.md', import.meta.url), 'utf8');
const points = new RingPoints();
const point = points.intern('00112233445566778899aabbccddeeff' as NodeId);

/** The rows of the first table after a line that begins with `heading`, as cells. */
function tableAfter(heading: string): string[][] {
  const lines = page.split('\n');
  const start = lines.findIndex(line => line.startsWith(heading));
  assert.notEqual(start, -1, heading);
  const first = lines.findIndex((line, index) => index > start && line.startsWith('| ---')) + 1;
  const end = lines.findIndex((line, index) => index > first && !line.startsWith('|'));
  return lines.slice(first, end).map(line =>
    line
      .split('|')
      .slice(1, -1)
      .map(cell => cell.trim()),
  );
}

/** Offset of a field, as the page has it. */
function offsetOf(table: readonly string[][], field: string): number {
  return Number(table.find(([, , name]) => name === field)?.[0]);
}

test('the page has the kinds and the limits of the code', () => {
  const rows = tableAfter('## Topology messages').map(([kind, name]) => [name, Number(kind)]);
  assert.deepEqual(Object.fromEntries(rows), KIND);
  const wishes = LINK_WISHES.map((wish, index) => `${index} ${wish}`).join(', ');
  for (const text of [
    wishes,
    `number of entries, at most ${MAX_LIST_ITEMS} `,
    `of the record, at most ${MAX_RECORD_BYTES.toLocaleString('en')};`,
    `at most ${MAX_SUMMARY})`,
    `at most ${MAX_WANTED})`,
    `at most ${MAX_MESSAGE_BYTES.toLocaleString('en')} bytes`,
  ]) {
    assert.ok(page.includes(text), text);
  }
});

test('the page has the neighbour list as it is written', () => {
  const table = tableAfter('**neighbours**');
  const item = { point, leaf: true, coordinate: 0x010203040506 };
  const bytes = encodeNeighbours({
    leaf: true,
    reset: true,
    version: 0x0a0b0c0d,
    coordinate: 0x111213141516,
    error: 1,
    added: [item, item],
    removed: [{ point, failed: true }],
  });
  const view = Buffer.from(bytes);
  assert.equal(view[offsetOf(table, 'flags')], 3);
  assert.equal(view.readUInt32BE(offsetOf(table, 'version')), 0x0a0b0c0d);
  assert.equal(view.readUIntBE(offsetOf(table, 'coordinate'), 6), 0x111213141516);
  assert.equal(view[offsetOf(table, 'error')], 255);
  const added = offsetOf(table, 'added');
  assert.equal(view[added], 2);
  const removed = added + 1 + 2 * 23;
  assert.equal(view[removed], 1);
  assert.equal(view.length, removed + 1 + 17);
});

test('the page has a carried record as it is written', () => {
  const table = tableAfter('**members**');
  const record = Uint8Array.of(1, 2, 3);
  const fields = { point, sequence: 0x010203040506, leaf: true, dead: true, record };
  const [plain, ranged] = [fields, { ...fields, end: point }].map(each =>
    Buffer.from(encodeMembers([each])).subarray(2),
  );
  assert.equal(plain?.readUIntBE(offsetOf(table, 'sequence'), 6), 0x010203040506);
  assert.equal(plain?.[offsetOf(table, 'flags')], 3);
  assert.equal(ranged?.[offsetOf(table, 'flags')], 7);
  assert.equal(plain?.length, offsetOf(table, 'end') + 2 + 3);
  assert.equal(ranged?.length, offsetOf(table, 'end') + 16 + 2 + 3);
});
