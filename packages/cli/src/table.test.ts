import assert from 'node:assert/strict';
import { test } from 'node:test';
import { peer } from '../../agent/src/control/fixture.ts';
import { PEER_COLUMNS, peerRow } from './format.ts';
import { createOutput } from './output.ts';
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

test('columns are left out when cutting does not suffice, the greatest number first', () => {
  const columns = [
    { title: 'NAME', least: 4 },
    { title: 'ID', leave: 2 },
    { title: 'ROLE', leave: 1 },
  ];
  const rows = [['edge-a', '0123456789', 'successor']];
  assert.match(formatTable(columns, rows, 80), /^NAME +ID +ROLE\n/);
  assert.equal(formatTable(columns, rows, 17), 'NAME    ROLE\nedge-a  successor');
  assert.equal(formatTable(columns, rows, 8), 'NAME\nedge-a');
});

test('peers fit terminals from 40 columns on', () => {
  const style = createOutput({
    stdout: { write: () => undefined },
    stderr: { write: () => undefined },
    environment: {},
  }).style;
  const rows = [peerRow(peer('b', { name: 'a-name-of-many-letters' }), style, () => undefined)];
  for (const width of [40, 60, 80, 100, 132]) {
    for (const line of formatTable(PEER_COLUMNS, rows, width).split('\n')) {
      assert.ok(line.length <= width, `${width}: ${line}`);
    }
  }
});
