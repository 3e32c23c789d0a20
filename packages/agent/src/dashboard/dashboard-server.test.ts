import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { type TestContext, test } from 'node:test';
import { agentControl, nodeId, status } from '../control/fixture.ts';
import type { AgentControl } from '../control/index.ts';
import { DashboardServer } from './dashboard-server.ts';
import type { Snapshot } from './snapshot.ts';

const PAGE = { type: 'text/html; charset=utf-8', content: Buffer.from('<html></html>') };

async function serve(t: TestContext, over: Partial<AgentControl> = {}) {
  const faults: unknown[] = [];
  const server = await DashboardServer.listen({
    control: agentControl(over),
    listen: { address: '127.0.0.1', port: 0 },
    coordinates: { 'edge-b': [52.5, 13.4] },
    files: new Map([['/', PAGE]]),
    onFault: error => faults.push(error),
  });
  t.after(() => server.close());
  const url = new URL(server.url);
  const [, token] = /^#token=([\w-]{43})$/.exec(url.hash) ?? [];
  const shown = { authorization: `Bearer ${token}` };

  /** By node:http, as fetch() keeps `Host` and `Sec-Fetch-Site` to itself. */
  async function ask(path: string, headers: Record<string, string> = {}, body?: string) {
    const { hostname, port } = url;
    const method = body === undefined ? 'GET' : 'POST';
    const asked = request({ hostname, port, path, method, headers, agent: false });
    asked.end(body);
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    return response;
  }
  async function answer(path: string, headers?: Record<string, string>, body?: string) {
    const response = await ask(path, headers, body);
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) text += chunk;
    return { status: response.statusCode, headers: response.headers, text };
  }
  return { ask, answer, shown, faults };
}

test('the page is for everybody on the host, what the agent knows only for who shows the token', async t => {
  const { answer, shown } = await serve(t);
  assert.equal((await answer('/')).text, '<html></html>');
  for (const headers of [{}, { authorization: `Bearer ${'x'.repeat(43)}` }]) {
    for (const path of ['/api/snapshot', '/api/events', '/api/nothing']) {
      const refused = await answer(path, headers);
      assert.deepEqual([refused.status, refused.text], [401, ''], path);
    }
    const trace = await answer('/api/trace', headers, '{"overlay":"edge","node":"edge-b"}');
    assert.deepEqual([trace.status, trace.text], [401, '']);
  }
  const { text } = await answer('/api/snapshot', shown);
  const snapshot = JSON.parse(text) as Snapshot;
  assert.deepEqual(snapshot.status, status());
  assert.equal(snapshot.topology[0]?.links.length, 1);
});

test('the token of an agent before this one is worth nothing', async t => {
  const { shown } = await serve(t);
  const { answer } = await serve(t);
  assert.equal((await answer('/api/snapshot', shown)).status, 401);
});

test('pages from elsewhere get nothing, not even with the token', async t => {
  const { answer, shown } = await serve(t);
  for (const headers of [
    { host: 'evil.example' },
    { origin: 'http://evil.example' },
    { 'sec-fetch-site': 'cross-site' },
  ]) {
    for (const path of ['/', '/api/snapshot', '/api/events']) {
      const refused = await answer(path, { ...shown, ...headers });
      assert.deepEqual([refused.status, refused.text], [403, '']);
      assert.equal(refused.headers['access-control-allow-origin'], undefined);
    }
  }
});

test('every answer forbids what the page does not need', async t => {
  const { answer, shown } = await serve(t);
  for (const path of ['/', '/api/snapshot', '/nothing']) {
    const { headers } = await answer(path, shown);
    assert.match(headers['content-security-policy'] as string, /^default-src 'none'; /);
    assert.match(headers['content-security-policy'] as string, /frame-ancestors 'none'/);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['referrer-policy'], 'no-referrer');
  }
});

test('no path leads out of the page', async t => {
  const { answer } = await serve(t);
  for (const path of ['/../../package.json', '/%2e%2e/x', '//etc/passwd', '/index.html/..']) {
    assert.equal((await answer(path)).status, 404, path);
  }
  assert.equal((await answer('/', {}, 'x')).status, 405);
});

test('a trace is asked for by overlay and node', async t => {
  const { answer, shown } = await serve(t);
  const trace = (body: string) => answer('/api/trace', shown, body);
  const found = JSON.parse((await trace('{"overlay":"edge","node":"edge-b"}')).text);
  assert.equal(found.target.id, nodeId('b'));
  assert.equal((await trace('{"overlay":"edge","node":"nobody"}')).status, 404);
  for (const body of ['', '{', '{"node":1}']) assert.equal((await trace(body)).status, 400, body);
  assert.equal((await trace(`"${'x'.repeat(5_000)}"`)).status, 413);
});

test('a node is examined by overlay and node, and coordinates come with the snapshot', async t => {
  const { answer, shown } = await serve(t);
  const asked = await answer('/api/examine', shown, '{"overlay":"edge","node":"edge-b"}');
  assert.equal(JSON.parse(asked.text).pairs[0].state, 'succeeded');
  assert.equal((await answer('/api/examine', shown, '{"node":"edge-b"}')).status, 400);
  const snapshot = JSON.parse((await answer('/api/snapshot', shown)).text) as Snapshot;
  assert.deepEqual(snapshot.coordinates, { 'edge-b': [52.5, 13.4] });
});

test('a fault of the agent is told to its log, not to the browser', async t => {
  const { answer, shown, faults } = await serve(t, {
    trace: () => Promise.reject(new TypeError('inner secrets')),
  });
  const { status, text } = await answer('/api/trace', shown, '{"overlay":"edge","node":"edge-b"}');
  assert.equal(status, 500);
  assert.doesNotMatch(text, /inner secrets/);
  assert.equal(faults.length, 1);
});

test('events that cannot begin are answered with an error', async t => {
  const { answer, shown, faults } = await serve(t, {
    topology: () => {
      throw new TypeError('inner secrets');
    },
  });
  const { status, headers, text } = await answer('/api/events', shown);
  assert.deepEqual([status, headers['content-type']], [500, 'application/json']);
  assert.doesNotMatch(text, /inner secrets/);
  assert.equal(faults.length, 1);
});

test('events begin with the whole state; the ninth reader is sent away', async t => {
  const { ask, shown } = await serve(t);
  for (let reader = 0; reader < 8; reader += 1) {
    const response = await ask('/api/events', shown);
    t.after(() => response.destroy());
    assert.equal(response.headers['content-type'], 'text/event-stream');
    const [first] = await once(response, 'data');
    assert.match(String(first), /^event: snapshot\ndata: \{"at":/);
  }
  assert.equal((await ask('/api/events', shown)).statusCode, 503);
});
