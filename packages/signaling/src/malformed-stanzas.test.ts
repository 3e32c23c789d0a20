import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SessionFixture } from './session-fixture.ts';

const COUNT = 10_000;

/** A reproducible sequence of numbers below `n`. */
function generator(seed: number) {
  let state = seed;
  return (n: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

const pick = <T>(list: readonly T[], below: (n: number) => number): T => {
  const item = list[below(list.length)];
  assert.ok(item !== undefined);
  return item;
};

const NAMES = (
  'iq message presence query item group jingle content transport candidate description handshake ' +
  'reason text success services service node error ping bind a r resumed failed enabled __proto__ ' +
  'constructor toString'
).split(' ');
const SPACES = (
  'jabber:client jabber:iq:roster urn:xmpp:jingle:1 urn:xmpp:jingle:transports:ice-udp:1 ' +
  'urn:evio:link:1 urn:evio:node:1 urn:xmpp:extdisco:2 urn:xmpp:ping urn:other'
).split(' ');
const ATTRIBUTES = (
  'id type from to sid action ufrag pwd foundation priority port ip protocol component rel-addr ' +
  'rel-port jid subscription host transport expires username password h __proto__ constructor ' +
  'hasOwnProperty valueOf'
).split(' ');
const VALUES = [
  '',
  'a@x/1',
  'me@x',
  'me@x/node',
  'mallory@x/1',
  'x',
  'a@x',
  '@',
  '/',
  'set',
  'get',
  'result',
  'error',
  'unavailable',
  'subscribe',
  'session-initiate',
  'session-accept',
  'transport-info',
  'session-terminate',
  '1',
  '0',
  '-1',
  '65536',
  '4294967296',
  '1e9',
  'NaN',
  '192.0.2.1',
  '::1',
  'fe80::1%lo',
  'udp',
  'host',
  'relay',
  'both',
  'remove',
  'AAAA',
  '=',
  '*',
  'abcd',
  'p'.repeat(22),
  'x'.repeat(5000),
  '\u{1f4a3}',
  '\ud7ff',
  '&#x10ffff;',
  '__proto__',
];

function randomTree(below: (n: number) => number, depth = 0): string {
  const name = depth === 0 ? pick(NAMES.slice(0, 3), below) : pick(NAMES, below);
  const attributes = new Map<string, string>();
  for (let n = below(6); n > 0; n -= 1)
    attributes.set(pick(ATTRIBUTES, below), pick(VALUES, below));
  if (below(3) > 0 && depth > 0) attributes.set('xmlns', pick(SPACES, below));
  const children =
    depth > 5 ? '' : Array.from({ length: below(3) }, () => randomTree(below, depth + 1)).join('');
  const text = below(3) === 0 ? pick(VALUES, below) : '';
  const written = [...attributes].map(([key, value]) => ` ${key}='${value}'`).join('');
  return `<${name}${written}>${text}${children}</${name}>`;
}

const OFFER =
  "<iq type='set' id='i1' from='a@x/1' to='me@x/node'><jingle xmlns='urn:xmpp:jingle:1' " +
  "action='session-initiate' sid='s1' initiator='a@x/1'><content creator='initiator' name='link'>" +
  "<description xmlns='urn:evio:link:1'><handshake>AAECAw==</handshake></description>" +
  "<transport xmlns='urn:xmpp:jingle:transports:ice-udp:1' ufrag='abcd' " +
  "pwd='pppppppppppppppppppppp'><candidate component='1' foundation='1' generation='0' id='c' " +
  "ip='192.0.2.1' network='0' port='4000' priority='2130706431' protocol='udp' type='host'/>" +
  '</transport></content></jingle></iq>';

/** A valid offer with some of its quoted values or its text replaced, so that it gets far. */
function damagedOffer(below: (n: number) => number): string {
  let offer = OFFER;
  for (let n = 1 + below(3); n > 0; n -= 1) {
    const values = [...offer.matchAll(/'([^']*)'|>([A-Za-z0-9+/=]+)</g)];
    const { index, 0: found } = pick(values, below);
    const value = pick(VALUES, below);
    const put = found.startsWith('>') ? `>${value}<` : `'${value}'`;
    offer = offer.slice(0, index) + put + offer.slice(index + found.length);
  }
  return offer;
}

/** Bytes that need not be XML at all. */
function damagedText(below: (n: number) => number): string {
  const offer = damagedOffer(below);
  const at = below(offer.length);
  const junk = pick(['<', '>', '&', "'", '</iq>', '<!--', ']]>', '\u0000', '<?x?>', '/'], below);
  return below(2) === 0
    ? offer.slice(0, at) + junk + offer.slice(at)
    : offer.slice(0, at) + offer.slice(at + 1 + below(20));
}

test(`${COUNT} malformed stanzas: nothing is thrown, and the session goes on`, async () => {
  const below = generator(20_240_607);
  const fixture = new SessionFixture();
  await fixture.online('a@x', 'b@x');
  const isOnline = () => {
    const before = fixture.messages.length;
    fixture.say(OFFER);
    return fixture.messages.length === before + 1;
  };
  assert.ok(isOnline());
  for (let n = 0; n < COUNT; n += 1) {
    fixture.say(below(2) === 0 ? randomTree(below) : damagedOffer(below));
    if (n % 100 === 0) fixture.take();
    assert.ok(fixture.open, `stanza ${n}`);
  }
  assert.ok(fixture.membership.has('a@x') && !fixture.membership.has('mallory@x'));
  assert.ok(isOnline());
  assert.ok(fixture.directory.size <= 64, 'directory');
  const { malformed, foreign, unsupported } = fixture.counters;
  assert.ok(
    Math.min(malformed, foreign, unsupported) > 200,
    `${malformed} ${foreign} ${unsupported}`,
  );
  assert.ok(Object.getPrototypeOf({}) === Object.prototype && !('sid' in {}));
});

test(`${COUNT} pieces of text that is not XML: each is an error or nothing, never a throw`, () => {
  const below = generator(7);
  let errors = 0;
  for (let n = 0; n < COUNT; n += 1) {
    const fixture = new SessionFixture();
    fixture.stream();
    fixture.say(damagedText(below));
    if (fixture.closed !== undefined) errors += 1;
  }
  assert.ok(errors > COUNT / 10, `${errors}`);
});
