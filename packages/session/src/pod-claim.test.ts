import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { EvioError, parseMac, parseNodeId } from '@evio/types';
import fc from 'fast-check';
import { Identity } from './identity.ts';
import { decodeNodeRecord, encodeNodeRecord, type NodeRecordFields } from './node-record.ts';
import { decodePodClaim, encodePodClaim, POD_CLAIM_LIMITS, type PodClaim } from './pod-claim.ts';

const claim: PodClaim = {
  state: 'pending',
  since: 1_700_000_000_000,
  ranges: ['10.244.3.0/24', 'fd00:244:0:3::/64'],
  votes: [
    { range: '10.244.7.0/24', holder: parseNodeId('00112233445566778899aabbccddeeff'), since: 5 },
    {
      range: 'fd00:244:0:9::/64',
      holder: parseNodeId('ffeeddccbbaa99887766554433221100'),
      since: 6,
    },
  ],
};
const identity = Identity.create(bytes => new Uint8Array(randomBytes(bytes)));
const fields: NodeRecordFields = {
  account: 'edge-a@example.org',
  name: 'edge-a',
  overlay: 'pods',
  addresses: ['10.10.0.1/16'],
  mac: parseMac('02:00:5e:10:00:01'),
  sequence: 7n,
};

test('a record with a claim reads back, and is signed with it', () => {
  const bytes = encodeNodeRecord(identity, { ...fields, pods: claim });
  assert.deepEqual(decodeNodeRecord(bytes).pods, claim);
  for (let at = 79; at < bytes.length; at++) {
    const altered = bytes.slice();
    altered[at] = (altered[at] ?? 0) ^ 1;
    assert.throws(() => decodeNodeRecord(altered), recordError, `byte ${at}`);
  }
});

test('without a claim the record is byte for byte what it always was', () => {
  const { pods, ...plain } = { ...decodeNodeRecord(encodeNodeRecord(identity, fields)) };
  assert.equal(pods, undefined);
  assert.deepEqual(encodeNodeRecord(identity, plain), encodeNodeRecord(identity, fields));
});

test('an extension that this version does not know is passed over, one out of order refused', () => {
  const signed = (...extensions: number[][]) => {
    const body = Buffer.from(encodeNodeRecord(identity, fields)).subarray(0, -64);
    const all = Buffer.concat([body, ...extensions.map(each => Uint8Array.from(each))]);
    const signature = identity.sign(Buffer.concat([Buffer.from('evio-node-record/1'), all]));
    return Buffer.concat([all, signature]);
  };
  assert.equal(decodeNodeRecord(signed([9, 0, 2, 1, 2])).pods, undefined);
  assert.equal(decodeNodeRecord(signed([1, 0, 1, 99])).pods, undefined); // a later form of claim
  assert.throws(() => decodeNodeRecord(signed([9, 0, 0], [9, 0, 0])), { code: 'RECORD_INVALID' });
  assert.throws(() => decodeNodeRecord(signed([0, 0, 0])), { code: 'RECORD_INVALID' });
  assert.throws(() => decodeNodeRecord(signed([9, 0, 5, 1])), { code: 'RECORD_INVALID' });
});

test('more than fits is not written', () => {
  const [vote] = claim.votes;
  assert.ok(vote);
  const many = { ...claim, votes: Array(POD_CLAIM_LIMITS.votes + 1).fill(vote) };
  assert.throws(() => encodePodClaim(many), { code: 'RECORD_INVALID' });
});

test('random and cut bytes never do anything but be refused', () => {
  const good = encodePodClaim(claim);
  for (let length = 0; length < good.length; length++) {
    assert.throws(() => decodePodClaim(good.subarray(0, length)), recordError);
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), bytes => {
      bytes[0] = 1;
      try {
        const read = decodePodClaim(bytes);
        assert.ok(read === undefined || read.ranges.length <= POD_CLAIM_LIMITS.ranges);
      } catch (error) {
        if (!recordError(error)) throw error;
      }
    }),
    { numRuns: 2000 },
  );
});

function recordError(error: unknown): boolean {
  return error instanceof EvioError && error.code.startsWith('RECORD_');
}
