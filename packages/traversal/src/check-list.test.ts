import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Candidate } from '@evio/types';
import {
  type AllocationId,
  candidateFoundation,
  candidatePriority,
  type LocalCandidate,
} from './candidate.ts';
import { CheckList, MAX_PAIRS, MAX_REMOTE_CANDIDATES } from './check-list.ts';

function remote(type: Candidate['type'], address: string, port = 1): Candidate {
  const foundation = candidateFoundation(type, address);
  return { foundation, priority: candidatePriority(type, 10), type, endpoint: { address, port } };
}

function host(address: string): LocalCandidate {
  const endpoint = { address, port: 4000 };
  return { ...remote('host', address), endpoint, base: { kind: 'host', local: endpoint } };
}

function relay(address: string): LocalCandidate {
  const relayed = { address, port: 5000 };
  const base = { kind: 'relay', allocation: 1 as AllocationId, relayed } as const;
  return { ...remote('relay', address), endpoint: relayed, base };
}

function filled(locals: LocalCandidate[], remotes: Candidate[]): CheckList {
  const list = new CheckList();
  for (const local of locals) list.addLocal(local, 'controlling');
  for (const other of remotes) list.addRemote(other, 'controlling');
  return list;
}

function order(list: CheckList): string[] {
  const checked: string[] = [];
  for (let pair = list.next('controlling'); pair; pair = list.next('controlling')) {
    pair.state = 'in-progress';
    checked.push(`${pair.local.type}-${pair.remote.type}`);
  }
  return checked;
}

test('only candidates of one family are paired', () => {
  const list = filled(
    [host('10.0.0.1'), host('2001:db8::1')],
    [remote('host', '10.0.0.2'), remote('host', '2001:db8::2')],
  );
  assert.equal([...list.pairs].length, 2);
});

test('server-reflexive candidates of ours make no pairs: their base does', () => {
  const base = { kind: 'host', local: { address: '10.0.0.1', port: 4000 } } as const;
  const srflx = { ...remote('srflx', '192.0.2.1'), base };
  const list = filled([host('10.0.0.1'), srflx], [remote('host', '10.0.0.2')]);
  assert.equal([...list.pairs].length, 1);
});

test('direct and relayed pairs take turns, each kind by priority', () => {
  const list = filled(
    [host('10.0.0.1'), relay('203.0.113.1')],
    [
      remote('relay', '203.0.113.1', 2),
      remote('srflx', '198.51.100.2'),
      remote('host', '10.0.0.2'),
    ],
  );
  assert.deepEqual(order(list), [
    'host-host',
    'host-relay',
    'host-srflx',
    'relay-host',
    'relay-srflx',
    'relay-relay',
  ]);
});

test('a triggered check goes before all others', () => {
  const list = filled(
    [host('10.0.0.1')],
    [remote('host', '10.0.0.2'), remote('srflx', '198.51.100.2')],
  );
  const last = [...list.pairs].at(-1);
  assert.ok(last);
  list.trigger(last);
  assert.equal(list.next('controlling'), last);
});

test('a peer-reflexive candidate gets its right name when signaling tells it', () => {
  const list = filled([host('10.0.0.1')], [remote('prflx', '203.0.113.1')]);
  list.addRemote(remote('relay', '203.0.113.1'), 'controlling');
  const [pair, ...others] = list.pairs;
  assert.equal(others.length, 0);
  assert.equal(pair?.remote.type, 'relay');
  assert.ok(pair.relayed);
});

test('a base that is gone takes its pairs with it', () => {
  const list = filled([host('10.0.0.1'), host('10.0.1.1')], [remote('host', '10.0.0.2')]);
  const [triggered] = list.pairs;
  assert.ok(triggered);
  list.trigger(triggered);
  assert.deepEqual(list.removeLocal(host('10.0.0.1')), [triggered]);
  assert.equal([...list.pairs].length, 1);
  assert.equal(list.next('controlling')?.local.endpoint.address, '10.0.1.1');
});

test('the number of candidates and pairs is bounded, the best stay', () => {
  const list = filled(
    Array.from({ length: 5 }, (_, i) => host(`10.0.${i}.1`)),
    Array.from({ length: 60 }, (_, i) => remote('relay', '203.0.113.1', i + 1)),
  );
  assert.equal(list.remoteCandidates.length, MAX_REMOTE_CANDIDATES);
  assert.equal([...list.pairs].length, MAX_PAIRS);
  assert.equal(list.addRemote(remote('host', '10.9.9.9'), 'controlling'), false);
});
