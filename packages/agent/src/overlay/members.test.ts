import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import {
  decodeNodeRecord,
  encodeNodeRecord,
  Identity,
  type NodeRecordFields,
  PinStore,
} from '@evio/session';
import { Members } from './members.ts';
import { tapMac } from './tap-mac.ts';

const folder = mkdtempSync(join(tmpdir(), 'evio-members-'));
after(() => rmSync(folder, { recursive: true }));

const self = Identity.create(randomBytes);
const other = Identity.create(randomBytes);
const JID = 'edge-b@example.org/evio';
const ACCOUNT = 'edge-b@example.org';

function record(identity: Identity, over: Partial<NodeRecordFields> = {}) {
  return encodeNodeRecord(identity, {
    account: ACCOUNT,
    name: 'edge-b',
    overlay: 'edge',
    addresses: ['10.10.0.2/16'],
    mac: tapMac(identity.nodeId, 'edge'),
    sequence: 5n,
    ...over,
  });
}

function afresh(pins: PinStore): Members {
  return new Members({
    overlay: 'edge',
    self: self.nodeId,
    pins,
    own: () => ({ mac: tapMac(self.nodeId, 'edge'), addresses: ['10.10.0.1/16'] }),
  });
}

let stores = 0;
function members() {
  stores += 1;
  const pins = PinStore.open(join(folder, `pins-${stores}.json`));
  return { pins, members: afresh(pins) };
}

test('a member joins, is found by its JID and its id, and leaves', () => {
  const { members: known } = members();
  assert.equal(known.announce(JID, ACCOUNT, record(other)).kind, 'joined');
  assert.equal(known.byJid(JID)?.record.id, other.nodeId);
  assert.equal(known.get(other.nodeId)?.jid, JID);
  assert.equal(known.byJid(`${JID}x`), undefined);
  assert.equal(known.leave(JID)?.record.id, other.nodeId);
  assert.equal(known.get(other.nodeId)?.jid, undefined);
  assert.equal(known.leave(JID), undefined);
  known.forget(other.nodeId);
  assert.deepEqual(known.all(), []);
});

test('a newer record means that the node restarted; the same one means nothing', () => {
  const { members: known } = members();
  known.announce(JID, ACCOUNT, record(other));
  assert.equal(known.announce(JID, ACCOUNT, record(other)).kind, 'unchanged');
  assert.equal(known.announce(JID, ACCOUNT, record(other, { sequence: 6n })).kind, 'restarted');
});

test('a record that only says something new about the pod network is an update', () => {
  const { members: known } = members();
  const pods = { state: 'pending', since: 1, ranges: ['10.244.3.0/24'], votes: [] } as const;
  known.announce(JID, ACCOUNT, record(other));
  const update = record(other, { sequence: 6n, pods });
  assert.equal(known.announce(JID, ACCOUNT, update).kind, 'updated');
  assert.deepEqual(known.get(other.nodeId)?.record.pods, pods);
  const renamed = record(other, { sequence: 7n, name: 'edge-x' });
  assert.equal(known.announce(JID, ACCOUNT, renamed).kind, 'restarted');
});

test('a record of the same incarnation is news of the same process, whatever it says', () => {
  const { members: known } = members();
  known.announce(JID, ACCOUNT, record(other, { incarnation: 1n }));
  const announce = (over: Partial<NodeRecordFields>) =>
    known.announce(JID, ACCOUNT, record(other, over)).kind;
  const addresses = ['10.10.0.9/16'];
  assert.equal(announce({ sequence: 6n, incarnation: 1n }), 'updated');
  assert.equal(announce({ sequence: 7n, incarnation: 1n, addresses, name: 'edge-x' }), 'updated');
  assert.equal(announce({ sequence: 8n, incarnation: 2n, addresses, name: 'edge-x' }), 'restarted');
  assert.equal(announce({ sequence: 9n, addresses, name: 'edge-x' }), 'restarted');
});

test('an older record, another overlay’s and another account’s are refused', () => {
  const { members: known } = members();
  known.announce(JID, ACCOUNT, record(other));
  assert.throws(() => known.announce(JID, ACCOUNT, record(other, { sequence: 4n })), {
    code: 'RECORD_STALE',
  });
  assert.throws(() => known.announce(JID, ACCOUNT, record(other, { overlay: 'pods' })), {
    code: 'RECORD_FOREIGN',
  });
  assert.throws(() => known.announce(JID, 'edge-c@example.org', record(other)), {
    code: 'RECORD_FOREIGN',
  });
});

test('another key for an account that is pinned is refused and says so', () => {
  const { members: known, pins } = members();
  known.announce(JID, ACCOUNT, record(other));
  pins.pin('edge', ACCOUNT, decodeNodeRecord(record(other)), 0);
  const thief = Identity.create(randomBytes);
  assert.throws(() => known.announce(JID, ACCOUNT, record(thief)), { code: 'KEY_CHANGED' });
  assert.equal(known.byJid(JID)?.record.id, other.nodeId);
});

test('a new key that is accepted replaces the node that the account was', () => {
  const { members: known } = members();
  known.announce(JID, ACCOUNT, record(other));
  const reinstalled = Identity.create(randomBytes);
  const admission = known.announce(JID, ACCOUNT, record(reinstalled));
  assert.equal(admission.kind === 'joined' && admission.replaced?.record.id, other.nodeId);
  assert.deepEqual(
    known.all().map(member => member.record.id),
    [reinstalled.nodeId],
  );
});

test('an address that another node or this one has is refused, until that one is forgotten', () => {
  const { members: known } = members();
  const account = 'edge-c@example.org';
  const third = Identity.create(randomBytes);
  const announce = (over: Partial<NodeRecordFields>) =>
    known.announce(`${account}/evio`, account, record(third, { account, ...over }));
  known.announce(JID, ACCOUNT, record(other));
  assert.throws(() => announce({}), { code: 'ADDRESS_TAKEN' });
  assert.throws(() => announce({ addresses: ['10.10.0.1/24'] }), { code: 'ADDRESS_TAKEN' });
  const mac = tapMac(other.nodeId, 'edge');
  assert.throws(() => announce({ addresses: ['10.10.0.3/16'], mac }), { code: 'ADDRESS_TAKEN' });
  known.leave(JID);
  assert.throws(() => announce({}), { code: 'ADDRESS_TAKEN' });
  known.forget(other.nodeId);
  assert.equal(announce({}).kind, 'joined');
});

test('our own record is not a member', () => {
  const { members: known } = members();
  assert.equal(known.announce(JID, ACCOUNT, record(self)).kind, 'self');
  assert.deepEqual(known.all(), []);
});

test('the overlay may bring news of a node that the server has shown, and of one that is pinned', () => {
  const { members: known, pins } = members();
  assert.throws(() => known.relayed(record(other)), { code: 'RECORD_UNVOUCHED' });
  known.announce(JID, ACCOUNT, record(other));
  assert.equal(known.relayed(record(other)).kind, 'unchanged');
  assert.equal(known.relayed(record(other, { sequence: 6n })).kind, 'restarted');
  assert.equal(known.get(other.nodeId)?.jid, JID);
  assert.throws(() => known.relayed(record(other)), { code: 'RECORD_STALE' });
  known.forget(other.nodeId);
  assert.equal(known.relayed(record(other)).kind, 'joined');

  const later = afresh(pins);
  assert.throws(() => later.relayed(record(other)), { code: 'RECORD_UNVOUCHED' });
  pins.pin('edge', ACCOUNT, decodeNodeRecord(record(other)), 0);
  assert.equal(later.relayed(record(other)).kind, 'joined');
});

test('through the overlay nobody takes over another’s account', () => {
  const { members: known } = members();
  known.announce(JID, ACCOUNT, record(other));
  const thief = Identity.create(randomBytes);
  assert.throws(() => known.relayed(record(thief, { sequence: 9n })), { code: 'RECORD_UNVOUCHED' });
  assert.equal(known.byJid(JID)?.record.id, other.nodeId);
});

test('an account that is taken out of the group is no member, and the overlay cannot bring it back', () => {
  const { members: known } = members();
  known.announce(JID, ACCOUNT, record(other));
  assert.deepEqual(known.useAccounts(new Set([ACCOUNT])), []);
  const out = known.useAccounts(new Set());
  assert.deepEqual(
    out.map(member => member.record.id),
    [other.nodeId],
  );
  assert.deepEqual(known.all(), []);
  assert.throws(() => known.relayed(record(other, { sequence: 9n })), { code: 'RECORD_UNVOUCHED' });
});
