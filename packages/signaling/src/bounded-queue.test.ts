import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BoundedQueue } from './bounded-queue.ts';

const any = () => true;

test('the queue keeps order and takes no more than its limit', () => {
  const queue = new BoundedQueue<string>(2);
  assert.deepEqual(
    [queue.push('a', 9), queue.push('b', 9), queue.push('c', 9)],
    [true, true, false],
  );
  assert.equal(queue.take(any), 'a');
  assert.deepEqual(queue.drain(), ['b']);
  assert.equal(queue.take(any), undefined);
});

test('items leave when their time is over', () => {
  const queue = new BoundedQueue<string>(9);
  queue.push('late', 20);
  queue.push('early', 10);
  assert.equal(queue.nextTimeout(), 10);
  assert.deepEqual(queue.expire(9), []);
  assert.deepEqual(queue.expire(10), ['early']);
  assert.equal(queue.length, 1);
});

test('an item may be taken before others that have to wait', () => {
  const queue = new BoundedQueue<string>(9);
  for (const item of ['a1', 'b1', 'b2']) queue.push(item, 9);
  assert.equal(
    queue.take(item => item.startsWith('b')),
    'b1',
  );
  assert.deepEqual(queue.drain(), ['a1', 'b2']);
});
