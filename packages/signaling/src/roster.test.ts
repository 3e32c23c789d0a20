import assert from 'node:assert/strict';
import { test } from 'node:test';
import xml from '@xmpp/xml';
import { NS_ROSTER } from './namespaces.ts';
import { Membership } from './roster.ts';

const item = (jid: string, groups: string[], subscription = 'both') =>
  xml('item', { jid, subscription }, ...groups.map(group => xml('group', {}, group)));
const query = (...items: ReturnType<typeof item>[]) => xml('query', { xmlns: NS_ROSTER }, ...items);

test('the members are the contacts of our group and ourselves', () => {
  const membership = new Membership('me@x', 'edge');
  membership.replace(
    query(item('a@x', ['edge', 'other']), item('b@x', ['other']), item('c@x', [])),
  );
  assert.deepEqual(
    ['me@x', 'a@x', 'b@x', 'c@x', 'd@x'].map(jid => membership.has(jid)),
    [true, true, false, false, false],
  );
});

test('a push adds, moves out of the group, and removes', () => {
  const membership = new Membership('me@x', 'edge');
  membership.apply(query(item('a@x', ['edge'])));
  assert.ok(membership.has('a@x'));
  membership.apply(query(item('a@x', ['other'])));
  assert.ok(!membership.has('a@x'));
  membership.apply(query(item('a@x', ['edge'])));
  membership.apply(query(item('a@x', ['edge'], 'remove')));
  assert.ok(!membership.has('a@x'));
  membership.apply(query(item('me@x', [], 'remove')));
  assert.ok(membership.has('me@x'));
});

test('items that are not bare JIDs are left out, and an empty result empties', () => {
  const membership = new Membership('me@x', 'edge');
  membership.replace(query(item('a@x/resource', ['edge']), item('not a jid', ['edge'])));
  assert.equal(membership.size, 0);
  membership.apply(query(item('a@x', ['edge'])));
  membership.replace(undefined);
  assert.equal(membership.size, 0);
});
