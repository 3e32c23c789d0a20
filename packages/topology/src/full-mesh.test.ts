import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type NodeId, parseNodeId } from '@evio/types';
import { clockwiseDistance, FullMesh, type Member, ringSuccessors } from './index.ts';

const id = (digit: string): NodeId => parseNodeId(digit.repeat(32));
const member = (digit: string): Member => ({
  id: id(digit),
  account: `${digit}@example.org`,
  name: `node-${digit}`,
});

test('the distance around the ring wraps at its end', () => {
  assert.equal(clockwiseDistance(id('1'), id('1')), 0n);
  assert.equal(clockwiseDistance(id('0'), parseNodeId(`${'0'.repeat(31)}5`)), 5n);
  assert.equal(clockwiseDistance(id('f'), id('0')), 1n);
});

test('successors are the next ids clockwise, nearest first', () => {
  const ids = ['8', '2', 'c', '4'].map(id);
  assert.deepEqual(ringSuccessors(id('4'), ids, 2), [id('8'), id('c')]);
  assert.deepEqual(ringSuccessors(id('c'), ids, 2), [id('2'), id('4')]);
  assert.deepEqual(ringSuccessors(id('c'), ids, 9), [id('2'), id('4'), id('8')]);
});

test('every other member is linked, never the node itself', () => {
  const members = ['1', '3', '5', '7'].map(member);
  const links = new FullMesh({ successors: 1, static: [] }).links(id('3'), members);
  assert.deepEqual([...links.keys()], [id('1'), id('5'), id('7')]);
  assert.equal(links.get(id('5')), 'successor');
  assert.equal(links.get(id('7')), 'shortcut');
});

test('a static link may be named by id, account or name', () => {
  const members = ['1', '3', '5', '7'].map(member);
  const policy = new FullMesh({ successors: 1, static: [id('1'), '5@example.org', 'node-7'] });
  assert.deepEqual([...policy.links(id('3'), members).values()], ['static', 'static', 'static']);
});
