import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { LinkMessage, SignalingOptions } from '@evio/signaling';
import { Authority } from './certificates.ts';
import { first, NodeClient } from './node-client.ts';
import { RawNode } from './raw-node.ts';
import { TcpProxy } from './tcp-proxy.ts';

/** A real server with the accounts that the scenarios need. */
export interface ServerUnderTest {
  readonly domain: string;
  /** Direct TLS. */
  readonly service: string;
  readonly starttlsService: string;
  readonly ca: string;
  /** Members of the group `edge`: `edge-a` to `edge-d`; `mallory` has an account and is none. */
  password(name: string): string;
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Makes an account that is a member, while the server runs; returns its password. */
  addMember(name: string): Promise<string>;
}

const RECORD = Uint8Array.of(1, 2, 3);
const NEGOTIATION = {
  session: 'link-1',
  credentials: { ufrag: 'abcd', password: 'p'.repeat(22) },
  candidates: [
    {
      foundation: '1',
      priority: 2_130_706_431,
      type: 'host',
      endpoint: { address: '192.0.2.1', port: 4000 },
    },
  ],
  handshake: new Uint8Array(200).fill(7),
} as const;
const OFFER: LinkMessage = { kind: 'offer', ...NEGOTIATION };
const ANSWER: LinkMessage = { kind: 'answer', ...NEGOTIATION };
const end = (session: string): LinkMessage => ({ kind: 'end', session, reason: 'success' });

/** Waits until something holds. */
async function eventually(holds: () => boolean, ms = 10_000): Promise<void> {
  const deadline = performance.now() + ms;
  while (!holds()) {
    assert.ok(performance.now() < deadline, `not within ${ms} ms: ${holds}`);
    await pause(20);
  }
}

/** What holds with every server; `server` is filled in before the tests run. */
export function scenarios(server: () => ServerUnderTest): void {
  /** A client for an account; it announces a record. */
  const node = (name: string, more: Partial<SignalingOptions> = {}) => {
    const { domain, service, ca, password } = server();
    const client = new NodeClient({
      jid: `${name}@${domain}`,
      password: password(name),
      resource: `node-${name}`,
      service,
      ca,
      ...more,
    });
    client.announce(RECORD);
    return client;
  };
  const rawNode = (name: string) => {
    const { domain, service, ca, password } = server();
    return RawNode.login({ jid: `${name}@${domain}`, password: password(name), service, ca });
  };

  test('a password login is SCRAM-SHA-256 over direct TLS', async () => {
    await using a = await node('edge-a').online();
    assert.equal(a.mechanism, 'SCRAM-SHA-256');
    assert.equal(a.jid, `edge-a@${server().domain}/node-edge-a`);
  });

  test('the same over STARTTLS', async () => {
    await using a = await node('edge-a', { service: server().starttlsService }).online();
    assert.equal(a.mechanism, 'SCRAM-SHA-256');
  });

  test('two members find each other and exchange an offer and an answer', async () => {
    await using a = node('edge-a');
    await using b = node('edge-b');
    await Promise.all([a.online(), b.online()]);
    const [atA] = await Promise.all([a.peer(b.jid), b.peer(a.jid)]);
    assert.deepEqual(atA.type === 'available' && atA.record, RECORD);
    await a.send(b.jid, OFFER);
    assert.deepEqual(b.received, [{ from: a.jid, message: OFFER }]);
    await b.send(a.jid, ANSWER);
    assert.equal(a.received.length, 1);
  });

  test('two nodes of one account find each other, too', async () => {
    await using one = node('edge-a', { resource: 'one' });
    await using two = node('edge-a', { resource: 'two' });
    await Promise.all([one.online(), two.online()]);
    await Promise.all([one.peer(two.jid), two.peer(one.jid)]);
    await one.send(two.jid, end('x'));
  });

  test('a round trip between two nodes takes no 40 ms: small writes are not held back', async () => {
    await using a = node('edge-a');
    await using b = node('edge-b');
    await Promise.all([a.online(), b.online()]);
    const times: number[] = [];
    for (let n = 0; n < 9; n += 1) {
      const started = performance.now();
      await a.send(b.jid, end(`s${n}`));
      times.push(performance.now() - started);
    }
    const median = times.sort((x, y) => x - y)[4] ?? Number.NaN;
    assert.ok(median < 30, `${median} ms`);
  });

  test('a member that is added while we are online is a peer, and we are its', async () => {
    await using a = await node('edge-a').online();
    const { domain, service, ca } = server();
    const password = await server().addMember('late');
    await using late = new NodeClient({
      jid: `late@${domain}`,
      password,
      resource: 'node-late',
      service,
      ca,
    });
    late.announce(RECORD);
    await late.online();
    await Promise.all([a.peer(late.jid), late.peer(a.jid)]);
    await Promise.all([a.send(late.jid, end('1')), late.send(a.jid, end('2'))]);
  });

  test('a node that stops is gone soon', async () => {
    await using a = await node('edge-a').online();
    await using b = await node('edge-b').online();
    await a.peer(b.jid);
    await b.stop();
    const gone = () => a.seen.some(({ jid, type }) => jid === b.jid && type === 'gone');
    await eventually(gone, 3000);
  });

  test('STUN and TURN servers come with credentials', async () => {
    await using a = await node('edge-a').online();
    const servers = await first(a.iceServers, list => list.length > 0);
    assert.ok(servers.some(({ kind, transport }) => kind === 'stun' && transport === 'udp'));
    const turn = servers.filter(({ kind }) => kind === 'turn');
    assert.ok(turn.length >= 2 && turn.some(({ transport }) => transport === 'tls'));
    for (const { username, credential, expiresAt = 0 } of turn) {
      assert.ok(username && credential && expiresAt > Date.now(), 'credentials with an end');
    }
  });

  test('what somebody outside of the group says is ignored and counted', async () => {
    await using a = await node('edge-a').online();
    await using mallory = await rawNode('mallory');
    const node64 = "<node xmlns='urn:evio:node:1'>AQID</node>";
    const jingle = "<jingle xmlns='urn:xmpp:jingle:1' action='session-terminate' sid='s'/>";
    const push =
      `<query xmlns='jabber:iq:roster'><item jid='${mallory.jid.split('/')[0]}' ` +
      "subscription='both'><group>edge</group></item></query>";
    mallory.say(`<presence to='${a.jid}'>${node64}</presence>`);
    mallory.say(`<iq type='set' id='j' to='${a.jid}'>${jingle}</iq>`);
    mallory.say(`<iq type='set' id='r' to='${a.jid}'>${push}</iq>`);
    mallory.say(`<iq type='result' id='stray' to='${a.jid}'/>`);
    // A `from` of somebody else's is refused or corrected by the server.
    mallory.say(
      `<iq type='set' id='f' to='${a.jid}' from='edge-b@${server().domain}/x'>${jingle}</iq>`,
    );
    await using b = await node('edge-b').online();
    await b.send(a.jid, end('after'));
    assert.deepEqual(a.received, [{ from: b.jid, message: end('after') }]);
    assert.ok(a.counters().foreign >= 1, JSON.stringify(a.counters()));
    assert.ok(!a.seen.some(({ jid }) => jid.startsWith('mallory@')));
    assert.equal(a.currentState.state, 'online');
  });

  test('an oversized stanza of a member costs us nothing', async () => {
    await using a = await node('edge-a').online();
    await using b = await rawNode('edge-b');
    const text = 'x'.repeat(100_000);
    b.say(
      `<iq type='set' id='big' to='${a.jid}'><jingle xmlns='urn:xmpp:jingle:1'>${text}</jingle></iq>`,
    );
    await using c = await node('edge-c').online();
    await c.send(a.jid, end('after'));
    // Either the server has refused it, or it came and was skipped.
    await eventually(() => a.counters().oversized === 1 || b.closed !== undefined);
    assert.equal(a.currentState.state, 'online');
    assert.equal(a.counters().failures, 0);
  });

  test('10,000 malformed stanzas of a member: online, answering, no link of it lost', async () => {
    await using a = await node('edge-a').online();
    await using c = await node('edge-c').online();
    await a.peer(c.jid);
    let b = await rawNode('edge-b');
    const pieces = ['sid="s"', 'action="session-initiate"', 'sid=""', 'action="x"', 'ufrag="a"'];
    for (let n = 0; n < 10_000; n += 1) {
      const pick = (k: number) => pieces[(n * 7 + k * 3) % pieces.length];
      const content = `<content><transport xmlns='urn:xmpp:jingle:transports:ice-udp:1' ${n % 2 ? 'pwd="p"' : ''}>${'<candidate/>'.repeat(n % 5)}</transport></content>`;
      const attrs = n % 3 === 0 ? pick(1) : '';
      b.say(
        `<iq type='set' id='m${n}' to='${a.jid}'><jingle xmlns='urn:xmpp:jingle:1' ${attrs}>${content.repeat(n % 3)}</jingle></iq>`,
      );
      if (n % 250 === 249) await pause(20);
      if (b.closed !== undefined) b = await rawNode('edge-b');
    }
    await c.send(a.jid, end('after'));
    // Servers limit the rate of one client; wait until the last one is through.
    await eventually(() => a.counters().malformed >= 5000, 120_000);
    await b[Symbol.asyncDispose]();
    await c.send(a.jid, end('later'));
    assert.equal(a.received.length, 2);
    assert.equal(a.counters().failures, 0);
    assert.ok(
      a.counters().malformed + a.counters().unsupported >= 5000,
      JSON.stringify(a.counters()),
    );
  });

  test('a cut TCP connection is resumed: nobody is gone, nothing is lost or doubled', async () => {
    await using proxy = await TcpProxy.to(server().service);
    await using a = await node('edge-a', { service: proxy.service }).online();
    await using b = await node('edge-b').online();
    await Promise.all([a.peer(b.jid), b.peer(a.jid)]);
    proxy.refusing = true;
    proxy.cut();
    await a.until('offline');
    // More than fit into one packet: they all come at once with the resumption.
    const missed = Array.from({ length: 150 }, (_, n) => end(`while-away-${n}`));
    const toA = Promise.all(missed.map(message => b.send(a.jid, message)));
    const toB = a.send(b.jid, end('queued'));
    await pause(300);
    proxy.refusing = false;
    await a.until('online');
    await Promise.all([toA, toB]);
    assert.equal(a.counters().resumptions, 1);
    assert.deepEqual(
      a.received,
      missed.map(message => ({ from: b.jid, message })),
    );
    assert.deepEqual(b.received, [{ from: a.jid, message: end('queued') }]);
    assert.ok([...a.seen, ...b.seen].every(({ type }) => type === 'available'));
  });

  test('a connection that dies silently is noticed and replaced', async () => {
    await using proxy = await TcpProxy.to(server().service);
    const times = { silenceMs: 400, answerMs: 400 };
    await using a = await node('edge-a', { service: proxy.service, times }).online();
    const started = performance.now();
    proxy.freeze();
    await a.failure('XMPP_TIMEOUT');
    assert.ok(performance.now() - started < 2000);
    await a.until('online');
    assert.equal(a.counters().resumptions, 1);
  });

  test('after a change of the network: a living connection stays, a dead one goes in a second', async () => {
    await using proxy = await TcpProxy.to(server().service);
    await using a = await node('edge-a', { service: proxy.service }).online();
    a.reconnect('test');
    await pause(1200);
    assert.equal(a.counters().failures, 0);
    proxy.freeze();
    const started = performance.now();
    a.reconnect('test');
    await a.until('offline');
    await a.until('online');
    assert.ok(performance.now() - started < 2000, `${performance.now() - started} ms`);
    assert.equal(a.counters().resumptions, 1);
  });

  test('a wrong password is told clearly and tried again slowly, whatever the network does', async () => {
    await using a = node('edge-a', { password: 'wrong' });
    a.start();
    const { error, retryInMs = 0 } = await a.failure('AUTH_FAILED');
    assert.match(error?.message ?? '', /refused the login of edge-a@.*not-authorized/);
    assert.ok(retryInMs >= 30_000, `${retryInMs}`);
    a.reconnect('test');
    await pause(300);
    assert.equal(a.counters().failures, 1);
  });

  test('an untrusted certificate is refused before anything is said', async () => {
    await using a = node('edge-a', { ca: new Authority('another').ca });
    a.start();
    const { error } = await a.failure('TLS_UNTRUSTED');
    assert.match(error?.message ?? '', /not trusted/);
    await using b = node('edge-a', {
      ca: new Authority('another').ca,
      service: server().starttlsService,
    });
    b.start();
    await b.failure('TLS_UNTRUSTED');
  });

  test('a certificate for another name is refused', async () => {
    const port = new URL(server().service).port;
    await using a = node('edge-a', {
      jid: 'edge-a@elsewhere.test',
      service: `xmpps://localhost:${port}`,
    });
    a.start();
    await a.failure('TLS_NAME_MISMATCH');
  });

  test('SRV records lead to the server, direct TLS first', async () => {
    const asked: string[] = [];
    const { ports } = {
      ports: [server().service, server().starttlsService].map(s => new URL(s).port),
    };
    const record = (port: string | undefined) => [
      { name: '127.0.0.1', port: Number(port), priority: 1, weight: 0 },
    ];
    const { domain, ca, password } = server();
    await using a = new NodeClient({
      jid: `edge-a@${domain}`,
      password: password('edge-a'),
      resource: 'srv',
      ca,
      resolveSrv: async name => {
        asked.push(name);
        return record(name.startsWith('_xmpps-') ? ports[0] : ports[1]);
      },
    });
    await a.online();
    assert.deepEqual(asked.sort(), [`_xmpp-client._tcp.${domain}`, `_xmpps-client._tcp.${domain}`]);
  });

  test('two nodes with one resource: the first yields, says why, and does not fight', async () => {
    await using one = await node('edge-a', { resource: 'same' }).online();
    await using two = await node('edge-a', { resource: 'same' }).online();
    const { retryInMs = 0 } = await one.failure('RESOURCE_CONFLICT');
    assert.ok(retryInMs >= 30_000);
    assert.equal(two.currentState.state, 'online');
  });

  test('a server that restarts: peers stay, what was queued is delivered once', async () => {
    const times = { quietMs: 8000 };
    await using a = await node('edge-a', { times }).online();
    await using b = await node('edge-b', { times }).online();
    await Promise.all([a.peer(b.jid), b.peer(a.jid)]);
    const offline = [a.until('offline'), b.until('offline')];
    await server().stop();
    await Promise.all(offline);
    assert.ok(a.currentState.error !== undefined);
    const queued = a.send(b.jid, end('queued'));
    await server().start();
    await Promise.all([a.until('online', 30_000), b.until('online', 30_000)]);
    await queued;
    await a.send(b.jid, end('after'));
    assert.deepEqual(b.received, [
      { from: a.jid, message: end('queued') },
      { from: a.jid, message: end('after') },
    ]);
    assert.ok([...a.seen, ...b.seen].every(({ type }) => type === 'available'));
  });
}
