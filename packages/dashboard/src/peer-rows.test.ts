import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PeerStatus } from '@evio/agent/control';
import { peer } from '../../agent/src/control/fixture.ts';
import { type Order, peerRows } from './peer-rows.ts';

const BY_NAME: Order = { key: 'name', descending: false };
const path = (over: Partial<PeerStatus['path']>) => ({ path: { ...peer('b').path, ...over } });
const peers = [
  peer('b', { name: 'edge-10', addresses: ['10.10.0.10/16'], ...path({ rttMs: null }) }),
  peer('c', { name: 'edge-2', role: 'shortcut', ...path({ kind: 'turn', rttMs: 40 }) }),
  peer('d', { name: 'edge-1', reachable: false, ...path({ rttMs: 1 }) }),
  peer('e', { name: 'edge-3', ...path({ rttMs: 5 }) }),
];
const names = (search: string, order: Order) =>
  peerRows(peers, search, order).map(({ name }) => name);

test('numbers in names count as numbers, and who is not reached stands last both ways', () => {
  assert.deepEqual(names('', BY_NAME), ['edge-2', 'edge-3', 'edge-10', 'edge-1']);
  assert.deepEqual(names('', { key: 'name', descending: true }), [
    'edge-10',
    'edge-3',
    'edge-2',
    'edge-1',
  ]);
});

test('an unknown round trip is the longest', () => {
  assert.deepEqual(names('', { key: 'rtt', descending: false }), [
    'edge-3',
    'edge-2',
    'edge-10',
    'edge-1',
  ]);
});

test('all the words must be found, in whatever column, as they are shown', () => {
  assert.deepEqual(names('10.10.0.10', BY_NAME), ['edge-10']);
  assert.deepEqual(names('RELAYED shortcut', BY_NAME), ['edge-2']);
  assert.deepEqual(names('turn', BY_NAME), ['edge-2']);
  assert.deepEqual(names('not reached', BY_NAME), ['edge-1']);
  assert.deepEqual(names('direct', BY_NAME), ['edge-3', 'edge-10']);
  assert.deepEqual(names('relayed static', BY_NAME), []);
});
