import assert from 'node:assert/strict';
import { test } from 'node:test';
import { STREAM_RETRANSMISSION, StunTransaction } from './stun-transaction.ts';

function sendTimes(transaction: StunTransaction, until: number): (number | string)[] {
  const seen: (number | string)[] = [];
  for (let now = 0; now <= until; now += 10) {
    const step = transaction.tick(now);
    if (step === 'send') seen.push(now);
    if (step === 'expired') return [...seen, `expired ${now}`];
  }
  return seen;
}

const BYTES = new Uint8Array();

test('repetitions double up to the cap, then it is given up', () => {
  const transaction = new StunTransaction(0, 'a', BYTES, { rto: 100, cap: 400, timeout: 2000 });
  assert.deepEqual(sendTimes(transaction, 3000), [100, 300, 700, 1100, 1500, 1900, 'expired 2000']);
});

test('over a stream nothing is repeated', () => {
  const transaction = new StunTransaction(0, 'a', BYTES, STREAM_RETRANSMISSION);
  assert.deepEqual(sendTimes(transaction, 9000), ['expired 8000']);
});

test('the round trip is known only of what was sent once (Karn)', () => {
  const transaction = new StunTransaction(0, 'a', BYTES, { rto: 100, cap: 400, timeout: 2000 });
  assert.equal(transaction.roundTrip(40), 40);
  transaction.tick(100);
  assert.equal(transaction.roundTrip(140), undefined);
});

test('a restart counts anew', () => {
  const transaction = new StunTransaction(0, 'a', BYTES, { rto: 100, cap: 400, timeout: 500 });
  transaction.tick(100);
  transaction.restart(400);
  assert.equal(transaction.nextTimeout, 500);
  assert.equal(transaction.tick(500), 'send');
  assert.equal(transaction.tick(900), 'expired');
});
