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

let stores = 0;
function members() {
  stores += 1;
  const pins = PinStore.open(join(folder, `pins-${stores}.json`));
  return {
    pins,
    members: new Members({
      overlay: 'edge',
      self: self.nodeId,
      pins,
      own: () => ({ mac: tapMac(self.nodeId, 'edge'), addresses: ['10.10.0.1/16'] }),
    }),
  };
}

test('a member joins, is found by its JID and its id, and leaves', () => {
  const { members: known } = members();
  assert.equal(known.announce(JID, ACCOUNT, record(other)).kind, 'joined');
  assert.equal(known.byJid(JID)?.record.id, other.nodeId);
  assert.equal(known.get(other.nodeId)?.jid, JID);
  assert.equal(known.byJid(`${JID}x`), undefined);
  assert.equal(known.leave(JID)?.record.id, other.nodeId);
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
  assert.equal(known.announce(JID, ACCOUNT, record(reinstalled)).kind, 'joined');
  assert.deepEqual(
    known.all().map(member => member.record.id),
    [reinstalled.nodeId],
  );
});

test('an address that another node or this one has is refused, until that one leaves', () => {
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
  assert.equal(announce({}).kind, 'joined');
});

test('our own record is not a member', () => {
  const { members: known } = members();
  assert.equal(known.announce(JID, ACCOUNT, record(self)).kind, 'self');
  assert.deepEqual(known.all(), []);
});
