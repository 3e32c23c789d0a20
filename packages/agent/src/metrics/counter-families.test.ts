import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COUNTER_NAMES } from '@evio/datapath';
import { FAMILIES, placeOf } from './counter-families.ts';

test('every counter of the datapath has a place of its own', () => {
  const places = COUNTER_NAMES.map(name => {
    const { family, value } = placeOf(name);
    assert.ok(FAMILIES.includes(family), name);
    assert.equal(family.label === undefined, value === undefined, name);
    return `${family.name} ${value}`;
  });
  assert.equal(new Set(places).size, COUNTER_NAMES.length);
});

test('reasons and events are labels', () => {
  const place = (counter: string) => {
    const { family, value } = placeOf(counter);
    return [family.name, value];
  };
  assert.deepEqual(place('dropUnknownIndex'), ['evio_dropped_total', 'unknown_index']);
  assert.deepEqual(place('handshakeSourceRate'), ['evio_handshakes_refused_total', 'source_rate']);
  assert.deepEqual(place('stunMalformed'), ['evio_stun_dropped_total', 'malformed']);
  assert.deepEqual(place('signalingLogins'), ['evio_signaling_events_total', 'logins']);
  assert.deepEqual(place('roams'), ['evio_datapath_events_total', 'roams']);
  assert.deepEqual(place('rxBytes'), ['evio_receive_bytes_total', undefined]);
});
