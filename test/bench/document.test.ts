import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../lab/paths.ts';
import { barChart } from './bar-chart.ts';
import { pictures } from './charts.ts';
import { replacedSection } from './document.ts';
import { figure } from './matrix.ts';
import { reportOf, result } from './report-fixture.ts';
import { reportMarkdown } from './report-markdown.ts';

const REPORT = reportOf([
  result('evio', 'tcp-1', 'throughput', 6000),
  result('wireguard-go', 'tcp-1', 'throughput', 2000),
  result('evio', 'tcp-1', 'cpu', 1.5),
  result('evio', 'idle', 'round trip', 150),
]);

test('the documentation has a place for a report', () => {
  const page = readFileSync(join(ROOT, 'docs', 'performance.md'), 'utf8');
  const filled = replacedSection(page, 'FIRST');
  assert.match(filled, /FIRST/);
  assert.equal(replacedSection(filled, 'SECOND').includes('FIRST'), false);
  assert.throws(() => replacedSection('no marks', ''), /expected docs\/performance.md to have/);
});

test('a report in Markdown tells machine, configurations, targets and all that was measured', () => {
  const text = reportMarkdown(REPORT, pictures(REPORT));
  assert.match(text, /`npm run bench` on 2026-01-02: Z80, 1 cores/);
  assert.match(text, /\| wireguard-go \| one TCP stream \| ≥ 3 × \| 3.00 \| met \|/);
  assert.match(text, /\| evio \| 1.0 \| As it comes. \|/);
  assert.match(text, /\| evio \| 6000 \|\n\| wireguard-go \| 2000 \|/);
  assert.match(text, /!\[TCP throughput\]\(performance-throughput.svg\)/);
  assert.equal(text.includes('performance-packets.svg'), false);
});

test('a picture is drawn for what was measured, and for nothing else', () => {
  assert.deepEqual(
    pictures(REPORT).map(({ file }) => file),
    ['performance-throughput.svg', 'performance-round-trip.svg', 'performance-cpu.svg'],
  );
});

test('bars are as long as their figures', () => {
  const bar = (median: number) => ({ median, least: median, most: median });
  const svg = barChart({
    title: 'A & B',
    unit: 'Gb/s',
    series: ['one'],
    groups: [
      { label: 'evio', bars: [bar(4)] },
      { label: '<other>', bars: [bar(1)] },
    ],
    emphasis: 'evio',
  });
  const widths = [...svg.matchAll(/<rect class="\w+" x="108" y="[\d.]+" width="([\d.]+)"/g)];
  const [ours = 0, theirs = 0] = widths.map(match => Number(match[1]));
  assert.ok(Math.abs(ours / theirs - 4) < 0.05);
  assert.match(svg, /A &amp; B/);
  assert.match(svg, /&lt;other>/);
  assert.match(svg, /prefers-color-scheme:dark/);
});

test('figures have three digits that count', () => {
  assert.deepEqual([0, 0.123, 1.234, 12.34, 123.4, 1234, 12_345, Number.NaN].map(figure), [
    ...['0', '0.12', '1.23', '12.3', '123', '1234', '12,345', '–'],
  ]);
});
