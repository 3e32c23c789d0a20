import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { agentControl, dashboardUrl } from './fixture.ts';
import { openApi } from './openapi.ts';
import { OPERATIONS, type Operation } from './operations.ts';
import { type Route, routeOf } from './route.ts';
import { controlRoutes } from './routes.ts';

const routes = controlRoutes(agentControl(), dashboardUrl);
const nameOf = ({ method, path }: Route) => `${method} ${path}`;

test('every operation has a route, and no route is left out of the description', () => {
  assert.deepEqual(routes.map(nameOf).sort(), Object.keys(OPERATIONS).sort());
  assert.deepEqual(
    Object.keys(openApi()['paths'] ?? {}).sort(),
    routes.map(({ path }) => path).sort(),
  );
});

const BODIES: Readonly<Record<string, unknown>> = {
  'POST /v1/ping': { node: 'edge-b', count: 2 },
  'POST /v1/examine': { node: 'edge-b' },
  'POST /v1/trace': { node: 'edge-b' },
  'POST /v1/forget': { account: 'edge-b@example.org' },
};

for (const [name, operation] of Object.entries<Operation>(OPERATIONS)) {
  test(`the answer to ${name} is as described, with nothing beside it`, async () => {
    const route = routes.find(each => nameOf(each) === name);
    const signal = new AbortController().signal;
    const answer = await route?.handle({
      query: new URLSearchParams(),
      body: BODIES[name],
      signal,
    });
    const lines: unknown[] = [];
    if (operation.lines)
      for await (const line of answer as AsyncIterable<unknown>) lines.push(line);
    for (const each of operation.lines ? lines : [answer]) {
      // Parsing drops what the schema does not have.
      assert.deepEqual(z.parse(operation.answer, each), each);
    }
  });
}

test('every reference leads somewhere', () => {
  const text = JSON.stringify(openApi());
  const names = Object.keys(JSON.parse(text).components.schemas);
  const references = [...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, target = '']) => target);
  assert.ok(references.length > 10);
  for (const target of references)
    assert.ok(names.includes(target.split('/').at(-1) ?? ''), target);
});

test('a parameter that nobody knows is refused', () => {
  const route = routeOf('GET /v1/peers', () => []);
  const query = new URLSearchParams('overlays=edge');
  const { signal } = new AbortController();
  assert.throws(() => route.handle({ query, body: undefined, signal }), {
    code: 'REQUEST_INVALID',
    message: /overlays/,
  });
});
