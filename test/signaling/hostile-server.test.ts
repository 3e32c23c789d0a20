import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SignalingOptions } from '@evio/signaling';
import { Authority } from './certificates.ts';
import { FakeServer, type FakeServerOptions, PASSWORD, type Step } from './fake-server.ts';
import { NodeClient } from './node-client.ts';

const authority = new Authority();
const certificate = authority.server('fake.test');
const end = { kind: 'end', session: 's', reason: 'success' } as const;

const serverThat = (options: Omit<FakeServerOptions, 'certificate'> = {}) =>
  FakeServer.start({ certificate, ...options });

const clientOf = (server: FakeServer, more: Partial<SignalingOptions> = {}) =>
  new NodeClient({
    jid: 'edge-a@fake.test',
    password: PASSWORD,
    resource: 'node',
    service: server.service,
    ca: authority.ca,
    ...more,
  });

/** Starts a client and returns how its first attempt failed. */
async function firstFailure(server: FakeServer, more: Partial<SignalingOptions> = {}) {
  await using client = clientOf(server, more);
  const failed = client.failed();
  client.start();
  const { error, retryInMs = 0 } = await failed;
  return { code: error?.code, message: error?.message ?? '', retryInMs };
}

test('a server that keeps to the rules is logged in to, without stream management as well', async () => {
  for (const management of [true, false]) {
    await using server = await serverThat({ management });
    await using client = clientOf(server);
    await client.online();
    assert.equal(client.mechanism, 'SCRAM-SHA-256');
  }
});

test('a server that does not know the password is refused, and asked again slowly', async () => {
  for (const signature of ['forged', 'absent'] as const) {
    await using server = await serverThat({ signature });
    const { code, message, retryInMs } = await firstFailure(server);
    assert.equal(code, 'SERVER_NOT_AUTHENTICATED');
    assert.match(message, /does not know the password/);
    assert.ok(retryInMs >= 30_000);
    assert.ok(!server.heard.includes('<bind'), 'nothing was said after it');
  }
});

test('a server that asks for too few or too many rounds is refused', async () => {
  for (const iterations of [1, 4095, 50_000_000]) {
    await using server = await serverThat({ iterations });
    assert.equal((await firstFailure(server)).code, 'SERVER_NOT_AUTHENTICATED');
  }
});

test('the password is not shown to a server that knows only PLAIN, unless asked for', async () => {
  await using server = await serverThat({ mechanisms: ['PLAIN', 'LOGIN'] });
  const { code, message } = await firstFailure(server);
  assert.equal(code, 'AUTH_NO_MECHANISM');
  assert.match(message, /the server offers PLAIN, LOGIN/);
  assert.ok(!server.heard.includes('<auth'));
  await using client = clientOf(server, { allowPlain: true });
  await client.online();
  assert.equal(client.mechanism, 'PLAIN');
});

test('nothing but the request for TLS is said in clear', async () => {
  for (const clear of ['no-starttls', 'failure', 'injection', 'ends'] as const) {
    await using server = await serverThat({ clear });
    assert.equal((await firstFailure(server)).code, 'TLS_REQUIRED', clear);
    assert.ok(!/auth|iq|presence|edge-a/.test(server.heard), server.heard);
  }
});

test('a server that falls silent at any step is given up', async () => {
  const times = { connectMs: 250, stepMs: 250, answerMs: 250 };
  const steps: Step[] = [
    'tls',
    'stream',
    'features',
    'auth',
    'restart',
    'bind',
    'enable',
    'roster',
  ];
  for (const silentAt of steps) {
    await using server = await serverThat({ silentAt, management: true });
    const started = performance.now();
    const { code = '' } = await firstFailure(server, { times });
    assert.match(code, /^(XMPP|SIGNALING)_TIMEOUT$/, silentAt);
    assert.ok(performance.now() - started < 2000, silentAt);
  }
  await using server = await serverThat({ clear: 'silent' });
  assert.equal((await firstFailure(server, { times })).code, 'XMPP_TIMEOUT');
});

test('what is not a stream of XMPP ends the connection, not the process', async () => {
  const cases: [string | Buffer, RegExp][] = [
    [Buffer.from([0xff, 0xfe, 0x00, 0xc0, 0xaf]), /XMPP_/],
    ['HTTP/1.1 400 Bad Request\r\n\r\n', /XMPP_TIMEOUT/],
    ['<stream:features>&unknown;</stream:features>', /XMPP_PROTOCOL/],
    ["<!DOCTYPE x [<!ENTITY a 'aaaa'>]><iq>&a;</iq>", /XMPP_PROTOCOL/],
    ['<message/>'.repeat(1000), /XMPP_PROTOCOL/],
    [`<stream:features>${'x'.repeat(300_000)}</stream:features>`, /AUTH_NO_MECHANISM/],
    [
      '<stream:error><not-authorized xmlns="urn:ietf:params:xml:ns:xmpp-streams"/></stream:error>',
      /XMPP_STREAM/,
    ],
    ['</stream:stream>', /XMPP_STREAM/],
  ];
  for (const [insteadOfFeatures, expected] of cases) {
    await using server = await serverThat({ insteadOfFeatures });
    const { code = '' } = await firstFailure(server, { times: { stepMs: 500 } });
    assert.match(code, expected, String(insteadOfFeatures).slice(0, 60));
  }
});

test('a server that sends us elsewhere is not followed', async () => {
  await using elsewhere = await serverThat();
  const host = elsewhere.service.replace('xmpps://', '');
  await using server = await serverThat({
    insteadOfFeatures: `<stream:error><see-other-host xmlns='urn:ietf:params:xml:ns:xmpp-streams'>${host}</see-other-host></stream:error>`,
  });
  const { code, message } = await firstFailure(server);
  assert.equal(code, 'XMPP_STREAM');
  assert.match(message, /see-other-host/);
  assert.equal(elsewhere.connections, 0);
});

test('a login as somebody else is no login', async () => {
  await using server = await serverThat({ bound: 'mallory@fake.test/x' });
  assert.equal((await firstFailure(server)).code, 'JID_MISMATCH');
});

test('a roster of 20,000 members is taken', async () => {
  const items = Array.from(
    { length: 20_000 },
    (_, n) => `<item jid='n${n}@fake.test' subscription='both'><group>edge</group></item>`,
  );
  await using server = await serverThat({ roster: items.join('') });
  await using client = clientOf(server);
  await client.online();
  assert.equal(client.counters().oversized, 0);
});

test('a message on its way when a server forgets us is reported, not said twice', async () => {
  for (const management of [true, false]) {
    await using server = await serverThat({ management });
    await using client = clientOf(server);
    await client.online();
    const sent = client.send('peer@fake.test/x', end);
    sent.catch(() => undefined);
    while (!server.heard.includes('session-terminate')) await client.moment();
    server.cut();
    await assert.rejects(sent, { code: 'SIGNALING_LOST' });
    assert.equal(server.heard.split('session-terminate').length, 2);
  }
});

test('a message waits for the first login', async () => {
  await using server = await serverThat();
  await using client = clientOf(server);
  const sent = client.send('peer@fake.test/x', end);
  client.start();
  while (!server.heard.includes('session-terminate')) await client.moment();
  const id = /<iq type="set" to="peer@fake.test\/x" id="([^"]+)"/.exec(server.heard)?.[1];
  server.say(`<iq type='result' id='${id}' from='peer@fake.test/x'/>`);
  await sent;
});

test('stopping rejects what waits, and sends no more', async () => {
  await using server = await serverThat();
  const client = clientOf(server);
  const sent = client.send('peer@fake.test/x', end);
  const rejected = assert.rejects(sent, { code: 'SIGNALING_STOPPED' });
  await client.stop();
  await rejected;
  await assert.rejects(client.send('peer@fake.test/x', end), { code: 'SIGNALING_STOPPED' });
  assert.equal(client.currentState.state, 'offline');
});

test('a client can be stopped in the middle of each step of its start', async () => {
  const steps: Step[] = ['tls', 'stream', 'auth', 'bind', 'roster'];
  for (const silentAt of steps) {
    await using server = await serverThat({ silentAt });
    const client = clientOf(server);
    client.start();
    while (server.connections === 0) await client.moment();
    await client.moment();
    const started = performance.now();
    await client.stop();
    assert.ok(performance.now() - started < 1500, silentAt);
  }
});

test('a server that is not there is tried again and again, with growing waits', async () => {
  const server = await serverThat();
  const { service } = server;
  await server[Symbol.asyncDispose]();
  await using client = clientOf(server, { service });
  const failed = client.failed();
  client.start();
  const { error, retryInMs = 0 } = await failed;
  assert.equal(error?.code, 'XMPP_UNREACHABLE');
  assert.ok(retryInMs >= 250 && retryInMs <= 500, `${retryInMs}`);
});

test('when one address does not answer, the next is tried', async () => {
  const gone = await serverThat();
  const away = Number(new URL(gone.service).port);
  await gone[Symbol.asyncDispose]();
  await using server = await serverThat();
  const port = Number(new URL(server.service).port);
  const record = (at: number, priority: number) => {
    return { name: '127.0.0.1', port: at, priority, weight: 0 };
  };
  await using client = new NodeClient({
    jid: 'edge-a@fake.test',
    password: PASSWORD,
    resource: 'node',
    ca: authority.ca,
    resolveSrv: async name =>
      name.startsWith('_xmpps-') ? [record(away, 1), record(port, 2)] : [],
  });
  await client.online();
});

test('a host that only DNS has named is no reason to trust a certificate for it', async () => {
  await using server = await FakeServer.start({ certificate: authority.server('127.0.0.1') });
  const port = Number(new URL(server.service).port);
  await using client = new NodeClient({
    jid: 'edge-a@fake.test',
    password: PASSWORD,
    resource: 'node',
    ca: authority.ca,
    resolveSrv: async () => [{ name: '127.0.0.1', port, priority: 1, weight: 0 }],
  });
  const failed = client.failed();
  client.start();
  assert.equal((await failed).error?.code, 'TLS_NAME_MISMATCH');
  // The same host, named by the user, is.
  await using configured = clientOf(server);
  await configured.online();
});
