import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Registry } from 'prom-client';
import { status } from '../control/fixture.ts';
import { createLogger } from '../system/index.ts';
import { MetricsServer } from './metrics-server.ts';
import { serveMetrics } from './serve-metrics.ts';

const listen = { address: '127.0.0.1', port: 0 };
const config = { enabled: true, listen, peerSeries: 200 };
const logger = createLogger({ level: 'fatal' });

async function serve(t: TestContext) {
  const server = await serveMetrics(config, () => status(), logger);
  assert.ok(server);
  t.after(() => server.close());
  const ask = (path: string, method = 'GET') =>
    fetch(`http://127.0.0.1:${server.port}${path}`, { method });
  return { server, ask };
}

test('metrics are served in the text format', async t => {
  const { ask } = await serve(t);
  const response = await ask('/metrics');
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  assert.match(await response.text(), /^evio_build_info\{version="[\d.]+",/m);
});

test('nothing else is served', async t => {
  const { ask } = await serve(t);
  assert.equal((await ask('/')).status, 404);
  assert.equal((await ask('/v1/status')).status, 404);
  assert.equal((await ask('/metrics', 'POST')).status, 405);
});

test('a fault is told here and not shown', async t => {
  const registry = new Registry();
  registry.metrics = () => Promise.reject(new Error('inner matters'));
  const faults: unknown[] = [];
  const onFault = (error: unknown) => faults.push(error);
  const server = await MetricsServer.listen({ listen, registry, onFault });
  t.after(() => server.close());
  const response = await fetch(`http://127.0.0.1:${server.port}/metrics`);
  assert.equal(response.status, 500);
  assert.doesNotMatch(await response.text(), /inner/);
  assert.equal(faults.length, 1);
});

test('nobody listens unless it is asked for, and an agent lives without', async t => {
  assert.equal(
    await serveMetrics({ ...config, enabled: false }, () => status(), logger),
    undefined,
  );
  const { server } = await serve(t);
  const taken = { ...config, listen: { ...listen, port: server.port } };
  assert.equal(await serveMetrics(taken, () => status(), logger), undefined);
});
