import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BoundedQueue } from './bounded-queue.ts';

test('the queue keeps order and takes no more than its limit', () => {
  const queue = new BoundedQueue<string>(2);
  assert.deepEqual(
    [queue.push('a', 9), queue.push('b', 9), queue.push('c', 9)],
    [true, true, false],
  );
  assert.equal(queue.shift(), 'a');
  assert.deepEqual(queue.drain(), ['b']);
  assert.equal(queue.shift(), undefined);
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
