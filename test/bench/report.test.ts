import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Recorder } from './recorder.ts';
import { reportOf, result } from './report-fixture.ts';
import { reportText } from './report-text.ts';

const RESULTS = [
  result('evio', 'tcp-1', 'throughput', 6000),
  result('wireguard-go', 'tcp-1', 'throughput', 2000),
  result('evio', 'idle', 'round trip', 150),
  result('wireguard-go', 'idle', 'round trip', 200),
  result('evio', 'loaded', 'round trip', 650),
  result('evio', 'relay', 'throughput', 3000),
  result('evio', 'relay-direct', 'throughput', 5000),
];

test('the recorder keeps every run, in its order, and takes medians', () => {
  const recorder = new Recorder();
  for (const value of [5.43215, 1, 2]) {
    recorder.add('evio', 'tcp-1', [{ metric: 'cpu', unit: 's/GB', value }]);
  }
  recorder.add('tinc', 'tcp-1', [{ metric: 'cpu', unit: 's/GB', value: 9 }]);
  assert.deepEqual(recorder.results, [
    {
      name: 'evio',
      scenario: 'tcp-1',
      metric: 'cpu',
      unit: 's/GB',
      median: 2,
      runs: [5.432, 1, 2],
    },
    { name: 'tinc', scenario: 'tcp-1', metric: 'cpu', unit: 's/GB', median: 9, runs: [9] },
  ]);
});

test('a report has the shape that scripts rely on', () => {
  const report = JSON.parse(JSON.stringify(reportOf(RESULTS)));
  assert.equal(report.ratioToWireguardGo, 3);
  assert.deepEqual(Object.keys(report.results[0]).sort(), [
    ...['median', 'metric', 'name', 'runs', 'scenario', 'unit'],
  ]);
  assert.equal(typeof report.machine.cpu, 'string');
});

test('targets are judged by their bound; what is missing is neither met nor missed', () => {
  const { ratios } = reportOf(RESULTS);
  const of = (against: string, what: RegExp) =>
    ratios.find(ratio => ratio.against === against && what.test(ratio.what));
  assert.deepEqual(of('wireguard-go', /one TCP stream/), {
    against: 'wireguard-go',
    what: 'one TCP stream',
    wanted: '≥ 3 ×',
    value: 3,
    met: true,
  });
  assert.equal(of('wireguard-go', /round trip/)?.met, false);
  assert.equal(of('itself', /round trip that full load adds/)?.value, 0.5);
  assert.equal(of('itself, direct', /relaying/)?.value, 0.6);
  assert.deepEqual(of('nebula', /one TCP stream/), {
    against: 'nebula',
    what: 'one TCP stream',
    wanted: '≥ 8 ×',
    value: null,
    met: null,
  });
});

test('without one of the two there is no ratio to wireguard-go', () => {
  assert.equal(reportOf(RESULTS.slice(0, 1)).ratioToWireguardGo, null);
  assert.equal(reportOf([]).ratioToWireguardGo, null);
});

test('the text has a column for each product, and tells what failed', () => {
  const report = reportOf(RESULTS);
  const text = reportText({
    ...report,
    failures: [{ name: 'tinc', scenario: 'set-up', message: 'no ping was answered' }],
  });
  assert.match(text, /SCENARIO +METRIC +UNIT +evio +wireguard-go/);
  assert.match(text, /tcp-1 +throughput +6000 +2000/);
  assert.match(text, /tinc, set-up: no ping was answered/);
});
