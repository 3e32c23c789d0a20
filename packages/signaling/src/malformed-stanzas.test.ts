import assert from 'node:assert/strict';
import { test } from 'node:test';
import { damagedOffer, generator, OFFER, pick, randomTree } from './hostile-stanzas.ts';
import { SessionFixture } from './session-fixture.ts';

const COUNT = 10_000;

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
