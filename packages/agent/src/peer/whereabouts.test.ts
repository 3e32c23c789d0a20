import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UnderlayPath, Via } from '@evio/datapath';
import { nodeId } from '../control/fixture.ts';
import { Whereabouts } from './whereabouts.ts';

const THERE: UnderlayPath = { kind: 'direct', remote: { address: '192.0.2.1', port: 4000 } };
const CALL: Via = { kind: 'direct', remote: { address: '192.0.2.9', port: 4009 } };

test('a peer is looked for where it was met last', () => {
  const whereabouts = new Whereabouts();
  assert.equal(whereabouts.lastSeen, undefined);
  whereabouts.met(THERE);
  assert.deepEqual(whereabouts.lastSeen, THERE);
});

test('a handshake without a way to its sender shows where that is, once it made keys', () => {
  const whereabouts = new Whereabouts();
  whereabouts.met(THERE);
  whereabouts.called(CALL, { hasWay: false });
  assert.deepEqual(whereabouts.lastSeen, THERE, 'anybody may send a datagram');
  assert.deepEqual(whereabouts.proven(), CALL);
  assert.deepEqual(whereabouts.lastSeen, CALL);
});

test('a handshake on a way, or through others, shows nothing new', () => {
  const whereabouts = new Whereabouts();
  whereabouts.called(CALL, { hasWay: true });
  assert.equal(whereabouts.proven(), undefined);
  whereabouts.called(CALL, { hasWay: false });
  const overlay: Via = { kind: 'overlay', overlay: 1 as never, node: nodeId('b') };
  whereabouts.called(overlay, { hasWay: false });
  assert.equal(whereabouts.proven(), undefined);
});
