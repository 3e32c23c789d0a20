/** What is shipped for Prometheus and Grafana, held against what an agent tells, with promtool. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { status } from '../../packages/agent/src/control/fixture.ts';
import { agentMetrics } from '../../packages/agent/src/metrics/agent-metrics.ts';

const root = new URL('../../', import.meta.url);
const read = (name: string) => readFileSync(new URL(name, root), 'utf8');
const counters = { rxMalformed: 1, dropUnknownIndex: 2, handshakeMac1: 3, stunMalformed: 4 };
const of = () => ({ ...status(), counters: { ...counters, signalingLogins: 5 } });
const registry = agentMetrics({ status: of, peerSeries: 200 });
const scraped = await registry.metrics();

/** Names of all metrics in a text, of Evio, of Node and of the process. */
const namesIn = (text: string) =>
  new Set(text.match(/\b(?:evio|nodejs|process)_[a-z0-9_]+/g) ?? []);
const told = new Set(
  registry.getMetricsAsArray().flatMap(({ name }) => [name, `${name}_count`, `${name}_bucket`]),
);

function promtool(args: readonly string[], input = ''): void {
  const cwd = fileURLToPath(root);
  const {
    status: code,
    stdout,
    stderr,
  } = spawnSync('promtool', args, {
    cwd,
    input,
    encoding: 'utf8',
  });
  assert.equal(code, 0, stdout + stderr);
}

test('promtool finds nothing to say about the metrics', () => {
  promtool(['check', 'metrics'], scraped);
});

test('promtool takes the rules, and each alert is set off by what it is for', () => {
  promtool(['check', 'rules', 'config/monitoring/prometheus-rules.yaml']);
  promtool(['test', 'rules', 'test/agent/alerts.yaml']);
  const { groups } = parse(read('config/monitoring/prometheus-rules.yaml'));
  const alerts = groups.flatMap((group: { rules: { alert: string }[] }) =>
    group.rules.map(({ alert }) => alert),
  );
  const tried = parse(read('test/agent/alerts.yaml')).tests.map(
    ({ name }: { name: string }) => name,
  );
  assert.deepEqual(tried, alerts);
  const documented = read('docs/metrics.md').match(/^\| `(Evio\w+)`/gm) ?? [];
  assert.deepEqual(
    documented.map(row => row.slice(3, -1)),
    alerts,
  );
});

test('dashboard and alerts ask for what is told', () => {
  const dashboard = read('config/monitoring/grafana-dashboard.json');
  JSON.parse(dashboard);
  for (const text of [dashboard, read('config/monitoring/prometheus-rules.yaml')]) {
    for (const name of namesIn(text)) assert.ok(told.has(name), name);
  }
});

test('docs/metrics.md has every metric of the agent, and no other', () => {
  const own = [...told].filter(name => name.startsWith('evio_') && !/_(count|bucket)$/.test(name));
  const documented = namesIn(read('docs/metrics.md').split('## Alerts')[0] ?? '');
  const known = [...documented].filter(name => name.startsWith('evio_'));
  assert.deepEqual(known.sort(), own.sort());
  for (const name of documented) assert.ok(told.has(name), name);
});
