import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COUNTER_NAMES } from '@evio/datapath';
import { dropRows, signalingRows } from './counters.ts';

const ones = (names: readonly string[]) => Object.fromEntries(names.map(name => [name, 1]));
const terms = (rows: ReturnType<typeof dropRows>) => rows.map(([what]) => what);

test('of the datapath, what it dropped is a drop and nothing else is', () => {
  const dropped = COUNTER_NAMES.filter(name => name.startsWith('drop'));
  assert.ok(dropped.length > 50);
  assert.deepEqual(dropRows(ones(COUNTER_NAMES)), dropRows(ones(dropped)));
  const shown = terms(dropRows(ones(dropped)));
  assert.equal(new Set(shown).size, dropped.length, 'each in words of its own');
  assert.deepEqual(signalingRows(ones(COUNTER_NAMES)), []);
});

test('handshakes and STUN messages that were refused are drops too', () => {
  const names = [
    'handshakeMac1',
    'handshakeSourceRate',
    'handshakeTotalRate',
    'handshakeUndecryptable',
    'stunUnknownUfrag',
  ];
  assert.deepEqual(terms(dropRows(ones(names))), [
    'handshake mac1',
    'handshake source rate',
    'handshake total rate',
    'handshake undecryptable',
    'stun unknown ufrag',
  ]);
});

test("the hub's counters are told with the hub only, and those at zero nowhere", () => {
  const counters = { signalingMalformed: 2, signalingQueueFull: 1_000, signalingExpired: 0 };
  assert.deepEqual(dropRows(counters), []);
  assert.deepEqual(terms(signalingRows(counters)), ['malformed', 'queue full']);
});
