import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { status } from '../../agent/src/control/fixture.ts';
import { AgentClient, type Contact } from './agent-client.ts';

type Fetch = typeof fetch;
const SNAPSHOT = { at: '2026-01-01T00:00:00.000Z', status: status([]), topology: [] };
const EVENT = `event: snapshot\ndata: ${JSON.stringify(SNAPSHOT)}\n\n`;

/** A feed that says what the test gives it. */
function openFeed() {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start: given => {
      controller = given;
    },
  });
  return {
    response: new Response(body),
    say: (text: string) => controller?.enqueue(new TextEncoder().encode(text)),
    end: () => controller?.close(),
    broken: () => controller?.error(new TypeError('network error')),
  };
}

/** A page that follows, in virtual time; `answers` are those to its requests, one after another. */
function follow(t: TestContext, answers: readonly (() => Response | Promise<Response>)[]) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const asked: Parameters<Fetch>[] = [];
  t.mock.method(globalThis, 'fetch', async (...request: Parameters<Fetch>) => {
    asked.push(request);
    const answer = answers[asked.length - 1];
    if (answer !== undefined) return answer();
    const signal = request[1]?.signal;
    return new Promise((_, reject) =>
      signal?.addEventListener('abort', () => reject(signal.reason)),
    );
  });
  const contacts: Contact[] = [];
  const snapshots: unknown[] = [];
  const gone = new AbortController();
  const followed = new AgentClient('secret').follow(
    snapshot => snapshots.push(snapshot),
    contact => contacts.push(contact),
    gone.signal,
  );
  /** Lets so much time pass, and what it sets off happen. */
  const pass = async (ms: number) => {
    t.mock.timers.tick(ms);
    for (let turns = 0; turns < 5; turns += 1) await turn();
  };
  return { asked, contacts, snapshots, gone, followed, pass };
}

test('the token is shown, and snapshots are handed on', async t => {
  const feed = openFeed();
  const { asked, contacts, snapshots, gone, followed, pass } = follow(t, [() => feed.response]);
  feed.say(EVENT);
  await pass(0);
  assert.deepEqual(new Headers(asked[0]?.[1]?.headers).get('authorization'), 'Bearer secret');
  assert.deepEqual(snapshots, [SNAPSHOT]);
  assert.deepEqual(contacts, ['live']);
  gone.abort();
  await followed;
  assert.deepEqual(contacts, ['live'], 'nobody is told any more');
});

test('a feed that ends or breaks is asked for again a second later', async t => {
  const feeds = [openFeed(), openFeed(), openFeed()];
  const answers = feeds.map(feed => () => feed.response);
  const { asked, contacts, pass } = follow(t, answers);
  await pass(0);
  feeds[0]?.end();
  await pass(0);
  assert.deepEqual(contacts, ['live', 'lost']);
  await pass(999);
  assert.equal(asked.length, 1);
  await pass(1);
  feeds[1]?.broken();
  await pass(0);
  await pass(1_000);
  assert.deepEqual(contacts, ['live', 'lost', 'live', 'lost', 'live']);
});

test('an agent that says nothing for 12 seconds is lost, a comment keeps it', async t => {
  const feed = openFeed();
  const { asked, contacts, snapshots, pass } = follow(t, [() => feed.response]);
  await pass(0);
  for (let times = 0; times < 5; times += 1) {
    await pass(11_999);
    feed.say(': \n\n');
    await pass(0);
  }
  assert.deepEqual([contacts, snapshots], [['live'], []]);
  await pass(12_000);
  assert.deepEqual(contacts, ['live', 'lost']);
  await pass(1_000);
  assert.equal(asked.length, 2);
});

test('a connection that is taken but not answered is given up too', async t => {
  const { asked, contacts, pass } = follow(t, []);
  await pass(12_000);
  assert.deepEqual(contacts, ['lost']);
  await pass(1_000);
  assert.equal(asked.length, 2);
});

test('too many readers are told as such, and a place is taken once it is free', async t => {
  const { contacts, pass } = follow(t, [
    () => new Response(null, { status: 503 }),
    () => openFeed().response,
  ]);
  await pass(0);
  assert.deepEqual(contacts, ['full']);
  await pass(1_000);
  assert.deepEqual(contacts, ['full', 'live']);
});

test('a token that does not hold is not shown again', async t => {
  const { asked, contacts, followed } = follow(t, [() => new Response(null, { status: 401 })]);
  await followed;
  assert.deepEqual([contacts, asked.length], [['refused'], 1]);
});

test('a question that is refused tells why in words', async t => {
  const answers = [
    new Response(null, { status: 401 }),
    Response.json({ error: { message: 'there is no node "c"' } }, { status: 404 }),
    Response.json({ hops: [] }),
  ];
  t.mock.method(globalThis, 'fetch', async () => answers.shift());
  const trace = () => new AgentClient('secret').trace('edge', 'c');
  await assert.rejects(trace(), { message: 'the token does not hold any more' });
  await assert.rejects(trace(), { message: 'there is no node "c"' });
  assert.deepEqual(await trace(), { hops: [] });
});
