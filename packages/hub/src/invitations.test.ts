import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeInvitations } from './invitations.ts';

const open = { salt: 'once', expires: 1000, joined: false };

test('an open invitation is news when its password was replaced or its time is over', () => {
  const invitations = { early: open, came: open, late: { ...open, expires: 900 } };
  const salts: Record<string, string> = { early: 'once', came: 'own', late: 'once' };
  assert.deepEqual(
    judgeInvitations(invitations, name => salts[name], 950),
    { joined: ['came'], expired: ['late'], left: [] },
  );
});

test('it is good until its last second, and not longer', () => {
  const judge = (now: number) => judgeInvitations({ node: open }, () => 'once', now).expired;
  assert.deepEqual([judge(999), judge(1000)], [[], ['node']]);
});

test('who replaced the password in time stays when the time is over', () => {
  const nothing = { joined: [], expired: [], left: [] };
  const joined = { ...open, joined: true };
  assert.deepEqual(
    judgeInvitations({ node: joined }, () => 'own', 5000),
    nothing,
  );
  assert.deepEqual(judgeInvitations({ node: open }, () => 'own', 5000).joined, ['node']);
});

test('who gave the account up has left, whether joined or not', () => {
  const invitations = { a: open, b: { ...open, joined: true } };
  assert.deepEqual(judgeInvitations(invitations, () => undefined, 10).left, ['a', 'b']);
});
