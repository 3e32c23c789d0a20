import assert from 'node:assert/strict';
import { test } from 'node:test';
import { groupId } from './socket-access.ts';

const GROUPS = 'root:x:0:\nevio-hub:x:998:\nevio:x:997:alice,bob\nodd:x::\n';

test('a group is found by its whole name', () => {
  assert.equal(groupId('evio', GROUPS), 997);
  assert.equal(groupId('root', GROUPS), 0);
});

test('no group, or one without a number, is none', () => {
  for (const name of ['evi', 'odd', '']) assert.equal(groupId(name, GROUPS), undefined, name);
  assert.equal(groupId('evio', ''), undefined);
});
