import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Candidate, LINK_ROLES } from '@evio/types';
import { Element } from '@xmpp/xml';
import fc from 'fast-check';
import { jingleElement, linkMessageFrom } from './jingle.ts';
import type { LinkMessage } from './link-message.ts';
import { StanzaParser } from './stanza-parser.ts';

const SELF = 'a@x/1';
const PEER = 'b@x/2';

/** Through text and back, as between two nodes. */
function transfer(message: LinkMessage): LinkMessage {
  let received: Element | undefined;
  const parser = new StanzaParser();
  parser.on('element', element => {
    received = element;
  });
  parser.write(`<stream xmlns='jabber:client'>${jingleElement(message, SELF, PEER)}`);
  assert.ok(received instanceof Element);
  return linkMessageFrom(received);
}

const iceText = (least: number, most: number) =>
  fc.string({
    unit: fc.constantFrom(...'abcXYZ019+/'),
    minLength: least,
    maxLength: most,
  });
const endpoint = fc.record(
  { address: fc.oneof(fc.ipV4(), fc.ipV6()), port: fc.integer({ min: 1, max: 65_535 }) },
  { noNullPrototype: true },
);
const candidate: fc.Arbitrary<Candidate> = fc.record(
  {
    foundation: iceText(1, 32),
    priority: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
    type: fc.constantFrom('host' as const, 'srflx' as const, 'prflx' as const, 'relay' as const),
    endpoint,
    related: endpoint,
  },
  { noNullPrototype: true, requiredKeys: ['foundation', 'priority', 'type', 'endpoint'] },
);
const common = {
  session: fc.stringMatching(/^[!-~]{1,128}$/),
  credentials: fc.record(
    { ufrag: iceText(4, 256), password: iceText(22, 256) },
    { noNullPrototype: true },
  ),
  candidates: fc.array(candidate, { maxLength: 64 }),
};
const message: fc.Arbitrary<LinkMessage> = fc.oneof(
  fc.record(
    {
      kind: fc.constant('offer' as const),
      ...common,
      handshake: fc.uint8Array({ maxLength: 8192 }),
      role: fc.constantFrom(...LINK_ROLES),
    },
    { noNullPrototype: true, requiredKeys: ['kind', 'session', 'credentials', 'candidates'] },
  ),
  fc.record(
    {
      kind: fc.constant('answer' as const),
      ...common,
      handshake: fc.uint8Array({ maxLength: 8192 }),
    },
    { noNullPrototype: true, requiredKeys: ['kind', 'session', 'credentials', 'candidates'] },
  ),
  fc.record(
    { kind: fc.constant('candidates' as const), ...common, done: fc.constant(true) },
    { noNullPrototype: true, requiredKeys: ['kind', 'session', 'credentials', 'candidates'] },
  ),
  fc.record({
    kind: fc.constant('end' as const),
    session: common.session,
    reason: fc.stringMatching(/^[a-z0-9 .<&>'"-]{1,256}$/),
  }),
);

test('every message reads back as it was written', () => {
  fc.assert(
    fc.property(message, sent => {
      const received = transfer(sent);
      assert.deepEqual(received, { ...sent });
    }),
    { numRuns: 300 },
  );
});

const offer: LinkMessage = {
  kind: 'offer',
  session: 's1',
  credentials: { ufrag: 'abcd', password: 'p'.repeat(22) },
  candidates: [
    {
      foundation: '1',
      priority: 2130706431,
      type: 'srflx',
      endpoint: { address: '203.0.113.7', port: 40_000 },
      related: { address: '10.0.0.1', port: 5000 },
    },
  ],
  handshake: Uint8Array.of(1, 2, 3),
};

test('an offer is Jingle that other tools can read', () => {
  const jingle = jingleElement(offer, SELF, PEER);
  assert.equal(
    jingle.toString(),
    '<jingle xmlns="urn:xmpp:jingle:1" action="session-initiate" sid="s1" initiator="a@x/1">' +
      '<content creator="initiator" name="link" senders="both">' +
      '<description xmlns="urn:evio:link:1"><handshake>AQID</handshake></description>' +
      '<transport xmlns="urn:xmpp:jingle:transports:ice-udp:1" ufrag="abcd" pwd="pppppppppppppppppppppp">' +
      '<candidate component="1" foundation="1" generation="0" id="1-40000-0" ip="203.0.113.7" ' +
      'network="0" port="40000" priority="2130706431" protocol="udp" rel-addr="10.0.0.1" ' +
      'rel-port="5000" type="srflx"/></transport></content></jingle>',
  );
  const answer = jingleElement({ ...offer, kind: 'answer' }, SELF, PEER);
  assert.equal(answer.attrs.responder, SELF);
  assert.equal(answer.attrs.initiator, PEER);
});

test('a role that only a later version knows is left out', () => {
  const jingle = jingleElement({ ...offer, role: 'on-demand' }, SELF, PEER);
  const attrs = jingle.getChild('content')?.getChild('description')?.attrs ?? {};
  assert.equal(attrs['role'], 'on-demand');
  attrs['role'] = 'satellite';
  assert.deepEqual(linkMessageFrom(jingle), offer);
});

test('a reason that Jingle knows is its condition, another one is text', () => {
  const end = (reason: string) =>
    jingleElement({ kind: 'end', session: 's', reason }, SELF, PEER).getChild('reason')?.toString();
  assert.equal(end('timeout'), '<reason><timeout/></reason>');
  assert.equal(end('no luck'), '<reason><general-error/><text>no luck</text></reason>');
  assert.equal(end('\u0000\u0001'), '<reason><general-error/></reason>');
});

/** The offer with one attribute or element changed. */
function changed(change: (jingle: Element, transport: Element, candidate: Element) => void) {
  const jingle = jingleElement(offer, SELF, PEER);
  const transport = jingle.getChild('content')?.getChild('transport');
  const first = transport?.getChild('candidate');
  assert.ok(transport !== undefined && first !== undefined);
  change(jingle, transport, first);
  return () => linkMessageFrom(jingle);
}

test('a field that is missing or out of its range is refused', () => {
  const cases: Parameters<typeof changed>[0][] = [
    jingle => Object.assign(jingle.attrs, { sid: '' }),
    jingle => Object.assign(jingle.attrs, { sid: 'x'.repeat(129) }),
    jingle => jingle.append(new Element('content')),
    (_, transport) => Object.assign(transport.attrs, { ufrag: 'abc' }),
    (_, transport) => Object.assign(transport.attrs, { ufrag: 'ab:cd' }),
    (_, transport) => Object.assign(transport.attrs, { pwd: 'short' }),
    (_, transport) => Object.assign(transport.attrs, { xmlns: 'urn:other' }),
    (_, __, c) => Object.assign(c.attrs, { ip: 'localhost' }),
    (_, __, c) => Object.assign(c.attrs, { ip: 'fe80::1%eth0' }),
    (_, __, c) => Object.assign(c.attrs, { port: '0' }),
    (_, __, c) => Object.assign(c.attrs, { port: '1e3' }),
    (_, __, c) => Object.assign(c.attrs, { priority: '2147483648' }),
    (_, __, c) => Object.assign(c.attrs, { priority: '-1' }),
    (_, __, c) => Object.assign(c.attrs, { type: 'relayed' }),
    (_, __, c) => Object.assign(c.attrs, { foundation: 'x'.repeat(33) }),
    (_, __, c) => Object.assign(c.attrs, { 'rel-addr': 'nowhere' }),
    (_, transport, c) => {
      for (let n = 0; n < 64; n += 1) transport.append(new Element('candidate', c.attrs));
    },
  ];
  for (const change of cases) {
    assert.throws(changed(change), { code: 'STANZA_MALFORMED' }, change.toString());
  }
});

test('candidates that we cannot use are left out, not refused', () => {
  for (const attrs of [{ protocol: 'tcp' }, { component: '2' }, { ip: 'abcd.local' }]) {
    const received = changed((_, __, c) => Object.assign(c.attrs, attrs))();
    assert.deepEqual('candidates' in received && received.candidates, []);
  }
});

test('other applications and actions are not ours', () => {
  const code = 'JINGLE_UNSUPPORTED';
  assert.throws(
    changed(jingle => Object.assign(jingle.attrs, { action: 'content-add' })),
    { code },
  );
  assert.throws(
    changed(jingle => {
      const description = jingle.getChild('content')?.getChild('description');
      Object.assign(description?.attrs ?? {}, { xmlns: 'urn:xmpp:jingle:apps:rtp:1' });
    }),
    { code },
  );
});

test('more than the peer would take is not sent', () => {
  const [first] = offer.kind === 'offer' ? offer.candidates : [];
  const candidates = Array.from({ length: 65 }, () => first).filter(c => c !== undefined);
  assert.throws(() => jingleElement({ ...offer, candidates }, SELF, PEER), {
    code: 'STANZA_MALFORMED',
  });
});
