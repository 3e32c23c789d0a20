import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PeerDirectory } from './directory.ts';

const TIMES = { quietMs: 3000, longestMs: 15_000, lingerMs: 1500 };
const ONE = Uint8Array.of(1);
const TWO = Uint8Array.of(2);

function directoryWith(...names: string[]): PeerDirectory {
  const directory = new PeerDirectory(TIMES);
  for (const name of names) directory.available(0, `${name}@x/r`, `${name}@x`, ONE);
  return directory;
}

test('a peer is told when it comes, changes its record, and goes', () => {
  const directory = new PeerDirectory(TIMES);
  const available = { type: 'available', jid: 'a@x/r', account: 'a@x', record: ONE };
  assert.deepEqual(directory.available(0, 'a@x/r', 'a@x', ONE), [available]);
  assert.deepEqual(directory.available(0, 'a@x/r', 'a@x', ONE), []);
  assert.equal(directory.available(0, 'a@x/r', 'a@x', TWO).length, 1);
  assert.equal(directory.current().length, 1);
  directory.unavailable(100, 'a@x/r');
  assert.deepEqual(directory.poll(1599), []);
  assert.deepEqual(directory.poll(1600), [{ type: 'gone', jid: 'a@x/r', account: 'a@x' }]);
  assert.equal(directory.nextTimeout(), undefined);
});

test('after a fresh login those who are not seen again are gone, once it is quiet', () => {
  const directory = directoryWith('stays', 'left');
  directory.reconcile(1000);
  assert.deepEqual(directory.available(2000, 'stays@x/r', 'stays@x', ONE), []);
  assert.deepEqual(directory.poll(4999), []);
  assert.deepEqual(directory.poll(5000), [{ type: 'gone', jid: 'left@x/r', account: 'left@x' }]);
  assert.equal(directory.nextTimeout(), undefined);
});

test('a server that never gets quiet is waited for 15 s', () => {
  const directory = directoryWith('left');
  directory.reconcile(0);
  for (let now = 0; now < 15_000; now += 1000) {
    directory.available(now, `p${now}@x/r`, `p${now}@x`, ONE);
    assert.deepEqual(directory.poll(now), []);
  }
  assert.equal(directory.poll(15_000).length, 1);
});

test('nobody is gone while we are away; what was in doubt stays so', () => {
  const directory = directoryWith('a');
  directory.reconcile(0);
  directory.suspend();
  assert.deepEqual(directory.poll(1_000_000), []);
  directory.resumed(1_000_000);
  assert.deepEqual(directory.poll(1_002_999), []);
  assert.equal(directory.poll(1_003_000).length, 1);
});

test('with resumption nothing is in doubt', () => {
  const directory = directoryWith('a');
  directory.suspend();
  directory.resumed(10);
  assert.equal(directory.nextTimeout(), undefined);
});

test('those who left the group are gone', () => {
  const directory = directoryWith('a', 'b');
  assert.deepEqual(
    directory.retain(account => account === 'a@x').map(({ jid }) => jid),
    ['b@x/r'],
  );
});

test('one account cannot fill the directory', () => {
  const directory = new PeerDirectory(TIMES);
  for (let n = 0; n < 1000; n += 1) directory.available(0, `a@x/${n}`, 'a@x', ONE);
  assert.equal(directory.size, 64);
  directory.unavailable(0, 'a@x/0');
  directory.poll(1500);
  assert.equal(directory.available(0, 'a@x/more', 'a@x', ONE).length, 1);
});

test('a node that is back in a moment was never gone', () => {
  const directory = directoryWith('a');
  directory.unavailable(0, 'a@x/r');
  assert.deepEqual(directory.available(1000, 'a@x/r', 'a@x', ONE), []);
  assert.equal(directory.nextTimeout(), undefined);
});

test('a server that shuts down and says "unavailable" for everybody leaves them in doubt', () => {
  const directory = directoryWith('a', 'b');
  directory.unavailable(0, 'a@x/r');
  directory.unavailable(0, 'b@x/r');
  directory.suspend();
  assert.deepEqual(directory.poll(60_000), []);
  directory.reconcile(60_000);
  assert.ok(directory.inDoubt('a@x/r'));
  directory.available(61_000, 'a@x/r', 'a@x', ONE);
  assert.ok(!directory.inDoubt('a@x/r'));
  assert.deepEqual(directory.poll(64_000), [{ type: 'gone', jid: 'b@x/r', account: 'b@x' }]);
  assert.ok(!directory.inDoubt('b@x/r'));
});
