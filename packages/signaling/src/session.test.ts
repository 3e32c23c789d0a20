import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EvioError } from '@evio/types';
import xml from '@xmpp/xml';
import { SessionFixture } from './session-fixture.ts';

const NODE = "<node xmlns='urn:evio:node:1'>AQID</node>";
const JINGLE =
  "<jingle xmlns='urn:xmpp:jingle:1' action='session-terminate' sid='s'><reason><success/></reason></jingle>";
const build = () => xml('jingle', { xmlns: 'urn:xmpp:jingle:1' });
const broken = new EvioError('XMPP_UNREACHABLE', 'cut');

test('a login asks for the roster, then tells presence, then asks for services', async () => {
  const fixture = new SessionFixture();
  fixture.session.announce(Uint8Array.of(1, 2, 3));
  await fixture.online('a@x');
  const [presence] = fixture.take();
  assert.equal(presence?.getChildText('node', 'urn:evio:node:1'), 'AQID');
  fixture.pass(0);
  const [services] = fixture.take();
  assert.ok(services?.getChild('services', 'urn:xmpp:extdisco:2'));
  fixture.say(
    `<iq type='result' from='x' id='${services?.attrs.id}'><services xmlns='urn:xmpp:extdisco:2'>` +
      "<service type='stun' host='192.0.2.1' port='3478' transport='udp'/></services></iq>",
  );
  await Promise.resolve();
  assert.deepEqual(fixture.servers, [
    { kind: 'stun', transport: 'udp', host: '192.0.2.1', port: 3478 },
  ]);
});

test('only members are peers', async () => {
  const fixture = new SessionFixture();
  await fixture.online('a@x');
  fixture.say(`<presence from='a@x/1'>${NODE}</presence>`);
  fixture.say(`<presence from='me@x/other'>${NODE}</presence>`);
  fixture.say(`<presence from='mallory@x/1'>${NODE}</presence>`);
  fixture.say(`<presence from='me@x/node'>${NODE}</presence>`);
  assert.deepEqual(
    fixture.peers.map(({ jid }) => jid),
    ['a@x/1', 'me@x/other'],
  );
  assert.equal(fixture.counters.foreign, 1);
});

test('a message of a member is acknowledged and told; one of anybody else is neither', async () => {
  const fixture = new SessionFixture();
  await fixture.online('a@x');
  fixture.take();
  fixture.say(`<iq type='set' id='1' from='a@x/1' to='me@x/node'>${JINGLE}</iq>`);
  fixture.say(`<iq type='set' id='2' from='mallory@x/1' to='me@x/node'>${JINGLE}</iq>`);
  fixture.say(`<iq type='set' id='3' from='a@x' to='me@x/node'>${JINGLE}</iq>`);
  assert.deepEqual(fixture.messages, [
    { from: 'a@x/1', message: { kind: 'end', session: 's', reason: 'success' } },
  ]);
  assert.deepEqual(
    fixture.take().map(({ attrs }) => [attrs.id, attrs.type, attrs.to]),
    [['1', 'result', 'a@x/1']],
  );
  assert.equal(fixture.counters.foreign, 2);
});

test('a malformed message of a member gets an error', async () => {
  const fixture = new SessionFixture();
  await fixture.online('a@x');
  fixture.take();
  const bad = JINGLE.replace("sid='s'", '');
  fixture.say(`<iq type='set' id='1' from='a@x/1'>${bad}</iq>`);
  fixture.say(`<iq type='get' id='2' from='a@x/1'><query xmlns='jabber:iq:version'/></iq>`);
  const conditions = fixture.take().map(iq => iq.getChild('error')?.getChildElements()[0]?.name);
  assert.deepEqual(conditions, ['bad-request', 'service-unavailable']);
  assert.equal(fixture.counters.malformed, 1);
  assert.equal(fixture.counters.unsupported, 1);
});

test('a roster push counts from our own account only', async () => {
  const fixture = new SessionFixture();
  await fixture.online('a@x');
  const push = (from: string) =>
    `<iq type='set' id='p' ${from}><query xmlns='jabber:iq:roster'>` +
    "<item jid='mallory@x' subscription='both'><group>edge</group></item></query></iq>";
  for (const from of ["from='mallory@x/1'", "from='a@x/1'", "from='a@x'", "from='x'"]) {
    fixture.say(push(from));
    assert.ok(!fixture.membership.has('mallory@x'), from);
  }
  fixture.say(push(''));
  assert.ok(fixture.membership.has('mallory@x'));
});

test('a member that is taken from the group is gone at once', async () => {
  const fixture = new SessionFixture();
  await fixture.online('a@x');
  fixture.say(`<presence from='a@x/1'>${NODE}</presence>`);
  fixture.say(
    "<iq type='set' id='p' from='me@x'><query xmlns='jabber:iq:roster'>" +
      "<item jid='a@x' subscription='remove'/></query></iq>",
  );
  assert.equal(fixture.peers.at(-1)?.type, 'gone');
  assert.throws(() => fixture.session.request('a@x/1', build), { code: 'NOT_A_MEMBER' });
});

test('pushed services count from our server only', async () => {
  const fixture = new SessionFixture();
  await fixture.online('a@x');
  const push = (from: string) =>
    `<iq type='set' id='p' from='${from}'><services xmlns='urn:xmpp:extdisco:2'>` +
    "<service action='add' type='turn' host='192.0.2.66' port='1'/></services></iq>";
  fixture.say(push('a@x/1'));
  assert.deepEqual(fixture.servers, []);
  fixture.say(push('x'));
  assert.equal(fixture.servers.length, 1);
});

test('an answer from another one than was asked changes nothing', async () => {
  const fixture = new SessionFixture();
  await fixture.online('a@x', 'b@x');
  fixture.take();
  const sent = fixture.session.request('a@x/1', build);
  const [iq] = fixture.take();
  fixture.say(`<iq type='result' id='${iq?.attrs.id}' from='b@x/1'/>`);
  fixture.say(`<iq type='result' id='${iq?.attrs.id}'/>`);
  assert.equal(fixture.counters.strayAnswers, 2);
  fixture.say(
    `<iq type='error' id='${iq?.attrs.id}' from='a@x/1'><error type='cancel'>` +
      "<service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
  );
  await assert.rejects(sent, {
    code: 'SIGNALING_REFUSED',
    message: 'a@x/1 answered service-unavailable',
  });
});

test('messages wait while offline and are written once, in order', async () => {
  const fixture = new SessionFixture();
  const first = fixture.session.request('a@x/1', build);
  const second = fixture.session.request('a@x/1', build);
  await fixture.online('a@x');
  const requests = fixture.take().filter(({ name }) => name === 'iq');
  assert.equal(requests.length, 2);
  for (const { attrs } of requests) {
    fixture.say(`<iq type='result' id='${attrs.id}' from='a@x/1'/>`);
  }
  await Promise.all([first, second]);
});

test('after a resumption only what the server missed is written again', async () => {
  const fixture = new SessionFixture();
  await fixture.online('a@x');
  const sent = fixture.session.request('a@x/1', build);
  fixture.session.request('a@x/1', build).catch(() => undefined);
  fixture.take();
  // Roster query, presence and the first message were taken, the second message was not.
  fixture.session.suspend(broken);
  const again = fixture.management.resumed(3);
  fixture.session.resumed(fixture.stream(), again);
  const written = fixture.take();
  assert.equal(written.length, 1);
  fixture.say(`<iq type='result' id='t2' from='a@x/1'/>`);
  await sent;
});

test('silence is answered by a ping after 30 s, and by giving up 5 s later', async () => {
  const fixture = new SessionFixture();
  await fixture.online('a@x');
  fixture.say("<a xmlns='urn:xmpp:sm:3' h='2'/>");
  fixture.pass(1000);
  fixture.say('<iq type="error" id="t2"/>');
  fixture.say("<a xmlns='urn:xmpp:sm:3' h='3'/>");
  fixture.take();
  fixture.pass(29_999);
  assert.equal(fixture.take().length, 0);
  fixture.pass(1);
  assert.ok(fixture.take().some(iq => iq.getChild('ping', 'urn:xmpp:ping')));
  fixture.pass(4999);
  assert.ok(fixture.open);
  fixture.pass(1);
  assert.equal(fixture.closed?.code, 'XMPP_TIMEOUT');
});

test('the server is asked to acknowledge after a quarter of a second, and its death shows', async () => {
  const fixture = new SessionFixture();
  await fixture.online('a@x');
  fixture.pass(249);
  assert.ok(!fixture.take().some(element => element.is('r', 'urn:xmpp:sm:3')));
  fixture.pass(1);
  assert.ok(fixture.take().some(element => element.is('r', 'urn:xmpp:sm:3')));
  fixture.pass(5000);
  assert.equal(fixture.closed?.code, 'XMPP_TIMEOUT');
});

test('counters that do not agree end the connection and the session', async () => {
  const fixture = new SessionFixture();
  await fixture.online('a@x');
  fixture.say("<a xmlns='urn:xmpp:sm:3' h='99'/>");
  assert.equal(fixture.closed?.code, 'XMPP_PROTOCOL');
  assert.equal(fixture.management.id, undefined);
});

test('every stanza is counted for the server, also those that are ignored or skipped', async () => {
  const fixture = new SessionFixture();
  await fixture.online('a@x');
  const before = fixture.management.inbound;
  fixture.say("<message from='mallory@x/1'><body>hello</body></message>");
  fixture.say(`<presence from='a@x/1'><a>${'x'.repeat(200_000)}</a></presence>`);
  fixture.say("<presence from='a@x/1' type='subscribe'/>");
  fixture.take();
  fixture.say("<r xmlns='urn:xmpp:sm:3'/>");
  assert.equal(fixture.take()[0]?.attrs.h, String(before + 3));
  assert.equal(fixture.counters.oversized, 1);
});

test('a server that gives no roster ends the attempt', async () => {
  const fixture = new SessionFixture();
  const begun = fixture.session.begin(fixture.stream(), fixture.session.self);
  fixture.pass(10_000);
  await assert.rejects(begun, { code: 'SIGNALING_TIMEOUT' });
});

test('after a fresh login a message waits until its peer is there again, or surely is not', async () => {
  const fixture = new SessionFixture();
  await fixture.online('a@x', 'b@x');
  for (const name of ['a', 'b']) fixture.say(`<presence from='${name}@x/1'>${NODE}</presence>`);
  fixture.session.suspend(broken);
  for (const name of ['a', 'b']) {
    fixture.session.request(`${name}@x/1`, build).catch(() => undefined);
  }
  fixture.take();
  await fixture.online('a@x', 'b@x');
  const sentTo = () =>
    fixture.take().flatMap(({ attrs }) => (attrs.to?.includes('@') ? attrs.to : []));
  assert.deepEqual(sentTo(), []);
  fixture.say(`<presence from='a@x/1'>${NODE}</presence>`);
  assert.deepEqual(sentTo(), ['a@x/1']);
  fixture.say("<a xmlns='urn:xmpp:sm:3' h='3'/>");
  fixture.pass(3000);
  assert.deepEqual(sentTo(), ['b@x/1']);
  assert.equal(fixture.peers.at(-1)?.type, 'gone');
});

test('credentials are asked for again before they end', async () => {
  const fixture = new SessionFixture();
  await fixture.online('a@x');
  const asked = () =>
    fixture.take().find(iq => iq.getChild('services', 'urn:xmpp:extdisco:2') !== undefined);
  const answer = async () => {
    const query = asked();
    assert.ok(query !== undefined);
    const expires = new Date(fixture.now + 400_000).toISOString();
    fixture.say(
      `<iq type='result' from='x' id='${query.attrs.id}'><services xmlns='urn:xmpp:extdisco:2'>` +
        `<service type='turn' host='192.0.2.1' username='u${fixture.now}' password='p' expires='${expires}'/>` +
        '</services></iq>',
    );
    await new Promise(resolve => setImmediate(resolve));
  };
  fixture.management.refused();
  fixture.pass(0);
  await answer();
  assert.equal(fixture.servers[0]?.username, 'u0');
  for (let second = 1; second < 300; second += 1) {
    fixture.pass(1000);
    fixture.say(' ');
  }
  assert.equal(asked(), undefined);
  fixture.pass(1000);
  await answer();
  assert.equal(fixture.servers[0]?.username, 'u300000');
});
