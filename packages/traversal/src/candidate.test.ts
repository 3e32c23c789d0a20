import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Candidate } from '@evio/types';
import { canonicalAddress, isCandidateAddress } from './address.ts';
import {
  type AllocationId,
  candidateFoundation,
  candidatePriority,
  checkPriority,
  usableRemoteCandidate,
} from './candidate.ts';
import { CandidatePair, pairPriority } from './candidate-pair.ts';

const endpoint = { address: '192.0.2.1', port: 4000 };
const candidate: Candidate = { foundation: 'a', priority: 1, type: 'host', endpoint };

test('priorities are those of RFC 8445 §5.1.2.1', () => {
  assert.equal(candidatePriority('host', 65535), 2130706431);
  assert.equal(candidatePriority('srflx', 65535), 1694498815);
  assert.equal(candidatePriority('relay', 0), 255);
});

test('pair priorities are those of RFC 8445 §6.1.2.3, and both sides agree', () => {
  assert.equal(pairPriority(1, 2), 4294967296n + 4n);
  assert.equal(pairPriority(2, 1), 4294967296n + 4n + 1n);
  assert.equal(pairPriority(2130706431, 2130706431), 9151314442783293438n);
});

test('a check from a relay says so in its priority, others count as peer-reflexive', () => {
  const host = { ...candidate, priority: candidatePriority('host', 65535) };
  const local = { ...host, base: { kind: 'host', local: endpoint } as const };
  assert.equal(checkPriority(local), candidatePriority('prflx', 65535));
  const base = { kind: 'relay', allocation: 1 as AllocationId, relayed: endpoint } as const;
  const relay = { ...candidate, priority: candidatePriority('relay', 2), base };
  assert.equal(checkPriority(relay), candidatePriority('relay', 2));
});

test('a pair is relayed when either end is, even if we only see a peer-reflexive one', () => {
  const local = { ...candidate, base: { kind: 'host', local: endpoint } as const };
  const prflx = { ...candidate, type: 'prflx' } as const;
  const direct = { ...prflx, priority: candidatePriority('prflx', 1) };
  assert.ok(new CandidatePair(local, { ...candidate, type: 'relay' }).relayed);
  assert.ok(new CandidatePair(local, { ...prflx, priority: 255 }).relayed);
  assert.ok(!new CandidatePair(local, direct).relayed);
});

test('foundations are ice-chars, equal only for equal things', () => {
  const foundation = candidateFoundation('srflx', '10.0.0.1', '192.0.2.1');
  assert.match(foundation, /^[A-Za-z0-9+/]{1,32}$/);
  assert.equal(foundation, candidateFoundation('srflx', '10.0.0.1', '192.0.2.1'));
  assert.notEqual(foundation, candidateFoundation('srflx', '10.0.0.2', '192.0.2.1'));
});

test('candidates of a peer that cannot be used are refused', () => {
  assert.ok(usableRemoteCandidate(candidate));
  const bad: Partial<Candidate>[] = [
    { priority: 0 },
    { priority: 2 ** 31 },
    { priority: Number.NaN },
    { foundation: '' },
    { foundation: 'a b' },
    { type: 'toString' as 'host' },
    { endpoint: { address: 'x.local', port: 1 } },
    { endpoint: { address: '192.0.2.1', port: 0 } },
    { endpoint: { address: '224.0.0.1', port: 1 } },
    { endpoint: { address: '255.255.255.255', port: 1 } },
    { endpoint: { address: '0.0.0.0', port: 1 } },
    { endpoint: { address: 'ff02::1', port: 1 } },
  ];
  for (const change of bad) {
    assert.equal(usableRemoteCandidate({ ...candidate, ...change }), undefined);
  }
});

test('one address has one spelling', () => {
  assert.equal(canonicalAddress('2001:0DB8:0:0::1'), '2001:db8::1');
  assert.equal(canonicalAddress('::ffff:192.0.2.1'), '192.0.2.1');
  assert.equal(canonicalAddress('FE80::1%eth0'), 'fe80::1%eth0');
  assert.throws(() => canonicalAddress('host'), { code: 'ADDRESS_INVALID' });
});

test('host candidates are addresses that others may reach', () => {
  for (const good of ['10.0.0.1', '192.0.2.1', '2001:db8::1', 'fd00::1']) {
    assert.ok(isCandidateAddress(good), good);
  }
  const bad = ['127.0.0.1', '::1', '169.254.1.1', 'fe80::1', 'fe80::1%eth0', 'febf::1', '0.0.0.0'];
  for (const address of [...bad, '::', '224.0.0.1', 'ff02::1', '::ffff:127.0.0.1', 'x']) {
    assert.ok(!isCandidateAddress(address), address);
  }
  assert.ok(isCandidateAddress('127.0.0.1', true));
  assert.ok(isCandidateAddress('::1', true));
});
