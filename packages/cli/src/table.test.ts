import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatTable } from './table.ts';

const columns = [
  { title: 'NAME', least: 4 },
  { title: 'ID' },
  { title: 'RTT', align: 'right' },
] as const;

test('columns are as wide as their widest cell, numbers to the right', () => {
  assert.equal(
    formatTable(columns, [
      ['edge-a', '0011', '1.5 ms'],
      ['b', '00112233', '110.0 ms'],
    ]),
    ['NAME    ID             RTT', 'edge-a  0011        1.5 ms', 'b       00112233  110.0 ms'].join(
      '\n',
    ),
  );
});

test('a narrow terminal cuts what may be cut, and no further than its least', () => {
  const row = [['a-very-long-name-of-a-host', '00112233', '1 ms']];
  assert.equal(formatTable(columns, row, 24).split('\n')[1], 'a-very-…  00112233  1 ms');
  assert.equal(formatTable(columns, row, 5).split('\n')[1], 'a-v…  00112233  1 ms');
});

test('colours take no width', () => {
  const [, line = ''] = formatTable(columns, [['\x1b[32mup\x1b[39m', 'x', 'y']]).split('\n');
  assert.equal(line, '\x1b[32mup\x1b[39m    x     y');
});
