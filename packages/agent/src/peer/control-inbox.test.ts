import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EvioError } from '@evio/types';
import fc from 'fast-check';
import { ControlDrops } from './control-drops.ts';
import { ControlInbox } from './control-inbox.ts';
import { type ControlMessage, encodeControlMessage } from './control-message.ts';

function inbox() {
  const drops = new ControlDrops();
  const taken: ControlMessage[] = [];
  const subject = new ControlInbox({ drops, logger: { debug: () => undefined } });
  const receive = (bytes: Uint8Array, now = 0) =>
    subject.receive(now, bytes, message => taken.push(message));
  return { drops, receive, subject, taken };
}

const topology = encodeControlMessage({ kind: 'topology', bytes: Uint8Array.of(2) });

test('a message that reads is taken, another one counted', () => {
  const { drops, receive, taken } = inbox();
  receive(topology);
  receive(Uint8Array.of(9));
  receive(new Uint8Array());
  assert.deepEqual(taken, [{ kind: 'topology', bytes: Uint8Array.of(2) }]);
  assert.deepEqual({ ...drops }, { dropControlMalformed: 2, dropControlRate: 0 });
});

test('a peer that says too much is not listened to, and is again a while later', () => {
  const { drops, receive, taken } = inbox();
  for (let count = 0; count < 2_000; count += 1) receive(topology);
  assert.equal(taken.length, 1_024);
  assert.equal(drops.dropControlRate, 976);
  receive(topology, 1_000);
  assert.equal(taken.length, 1_025);
});

test('whoever takes it may find it wrong; faults of our own are not hidden', () => {
  const { drops, subject } = inbox();
  subject.receive(0, topology, () => {
    throw new EvioError('CONTROL_INVALID', 'a stranger');
  });
  assert.equal(drops.dropControlMalformed, 1);
  const fault = () => {
    throw new TypeError('ours');
  };
  assert.throws(() => subject.receive(0, topology, fault), TypeError);
});

test('whatever a peer sends is taken or counted', () => {
  const bytes = fc.uint8Array({ maxLength: 64 });
  fc.assert(
    fc.property(bytes, message => {
      const { drops, receive, taken } = inbox();
      receive(message);
      assert.equal(taken.length + drops.dropControlMalformed, 1);
    }),
  );
});
