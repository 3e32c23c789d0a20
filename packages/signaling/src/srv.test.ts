import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findTargets, type ResolveSrv, type SrvRecord } from './srv.ts';

const half = () => 0.5;
const patience = new AbortController().signal;
const record = (name: string, port: number, priority = 0, weight = 0): SrvRecord => {
  return { name, port, priority, weight };
};
const resolver =
  (direct: SrvRecord[], starttls: SrvRecord[]): ResolveSrv =>
  async name => {
    const records = name.startsWith('_xmpps-client._tcp.') ? direct : starttls;
    if (records.length === 0) throw new Error('no records');
    return records;
  };
const places = async (direct: SrvRecord[], starttls: SrvRecord[], random = half) =>
  (await findTargets('example.org', resolver(direct, starttls), random, patience)).map(
    ({ host, port, security }) => `${host}:${port} ${security}`,
  );

test('direct TLS comes before STARTTLS of the same priority, lower priority before both', async () => {
  assert.deepEqual(
    await places([record('a.', 5223, 5)], [record('b', 5222, 5), record('c', 5222, 1)]),
    ['c:5222 starttls', 'a:5223 direct', 'b:5222 starttls'],
  );
});

test('a domain without records is tried at the usual ports', async () => {
  assert.deepEqual(await places([], []), ['example.org:5223 direct', 'example.org:5222 starttls']);
});

test('a target of "." means that the service is not there', async () => {
  assert.deepEqual(await places([record('', 0)], [record('b', 5222)]), ['b:5222 starttls']);
  assert.deepEqual(await places([record('.', 0)], []), []);
});

test('records are drawn in proportion to their weights', async () => {
  let seed = 1;
  const random = () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  let heavyFirst = 0;
  for (let round = 0; round < 1000; round += 1) {
    const [first] = await places(
      [record('light', 1, 0, 10), record('heavy', 1, 0, 30)],
      [],
      random,
    );
    if (first?.startsWith('heavy')) heavyFirst += 1;
  }
  assert.ok(heavyFirst > 700 && heavyFirst < 800, `${heavyFirst}`);
});

test('a resolver that never answers is as one without records', async () => {
  const silent: ResolveSrv = () => new Promise(() => undefined);
  const impatience = new AbortController();
  const found = findTargets('example.org', silent, half, impatience.signal);
  impatience.abort();
  assert.equal((await found).length, 2);
  assert.equal((await findTargets('example.org', silent, half, impatience.signal)).length, 2);
});
