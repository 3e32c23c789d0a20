import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeId } from '@evio/types';
import { FLOOD_LOG_MS, FloodLog } from './flood-log.ts';
import { FloodTable } from './flood-table.ts';
import { type RingPoint, RingPoints } from './ring-point.ts';

const points = new RingPoints();
const id = (digit: string) => points.intern(digit.repeat(32) as NodeId);
const table = (self: string, peers: string) =>
  new FloodTable(
    id(self),
    [...peers].map(digit => ({ id: id(digit), peer: id(digit), carries: true })),
  );
const copies = (log: FloodLog<string>, before: FloodTable, after: FloodTable, lost: RingPoint[]) =>
  log.repair(0, before, after, new Set(lost)).map(({ flood, copy }) => ({ flood, ...copy }));

function logOf(begin: string, end: string): FloodLog<string> {
  const log = new FloodLog<string>();
  log.add(0, 'frame', id(begin), { end: id(end) });
  return log;
}

test('the part of a neighbour that died goes to the one before it', () => {
  const sent = copies(logOf('1', '1'), table('1', '369'), table('1', '39'), [id('6')]);
  assert.deepEqual(sent, [{ flood: 'frame', peer: id('3'), begin: id('6'), end: id('9') }]);
});

test('a successor that comes in gets what it missed, and only its own part', () => {
  const sent = copies(logOf('1', '9'), table('1', '69c'), table('1', '269c'), []);
  assert.deepEqual(sent, [{ flood: 'frame', peer: id('2'), end: id('6') }]);
});

test('when the successor died, the next one takes its part as soon as it is linked', () => {
  const log = logOf('1', '1');
  assert.deepEqual(copies(log, table('1', '3c'), table('1', 'c'), [id('3')]), []);
  const sent = copies(log, table('1', 'c'), table('1', '5c'), []);
  assert.deepEqual(sent, [{ flood: 'frame', peer: id('5'), end: id('c') }]);
});

test('a part that was handed over is repaired as well', () => {
  const log = new FloodLog<string>();
  log.add(0, 'frame', id('f'), { begin: id('6'), end: id('b') });
  assert.deepEqual(copies(log, table('5', '69c'), table('5', '9c'), [id('6')]), []);
  const sent = copies(log, table('5', '9c'), table('5', '79c'), []);
  assert.deepEqual(sent, [{ flood: 'frame', peer: id('7'), end: id('9') }]);
});

test('links that were ended in order, parts of others and old floods need no repair', () => {
  assert.deepEqual(copies(logOf('1', '1'), table('1', '36'), table('1', '3'), []), []);
  assert.deepEqual(copies(logOf('1', '4'), table('1', '36'), table('1', '3'), [id('6')]), []);
  const log = logOf('1', '1');
  const [before, after] = [table('1', '36'), table('1', '3')];
  assert.deepEqual(log.repair(FLOOD_LOG_MS + 1, before, after, new Set([id('6')])), []);
});
