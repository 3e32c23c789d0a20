import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { parseMac } from '@evio/types';
import { Identity } from './identity.ts';
import { decodeNodeRecord, encodeNodeRecord } from './node-record.ts';
import { PinStore } from './pin-store.ts';

const random = (bytes: number) => new Uint8Array(randomBytes(bytes));
const account = 'edge-b@example.org';
let directory = '';
let file = '';
before(() => {
  directory = mkdtempSync(join(tmpdir(), 'evio-pins-'));
  file = join(directory, 'pins.json');
});
after(() => rmSync(directory, { recursive: true, force: true }));

function record(identity: Identity, overlay = 'edge') {
  return decodeNodeRecord(
    encodeNodeRecord(identity, {
      account,
      name: 'edge-b',
      overlay,
      addresses: [],
      mac: parseMac('02:00:00:00:00:02'),
      sequence: 1n,
    }),
  );
}

const honest = Identity.create(random);
const stranger = Identity.create(random);

test('the first key is pinned and known after a restart', () => {
  const pins = PinStore.open(file);
  assert.equal(pins.check('edge', account, record(honest)).verdict, 'new');
  pins.pin('edge', account, record(honest), 1_700_000_000_000);
  assert.equal(pins.check('edge', account, record(honest)).verdict, 'known');
  assert.equal(PinStore.open(file).check('edge', account, record(honest)).verdict, 'known');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(directory), ['pins.json']);
});

test('another key is refused, saying what changed and how to accept it', () => {
  const pins = PinStore.open(file);
  const expected = {
    code: 'KEY_CHANGED',
    message: new RegExp(
      `${account} in overlay "edge".*since 2023-11-14.*${honest.nodeId}.*${stranger.nodeId}.*` +
        `evio forget ${account} --overlay edge`,
    ),
  };
  assert.throws(() => pins.check('edge', account, record(stranger)), expected);
  assert.throws(() => pins.pin('edge', account, record(stranger), 0), expected);
  assert.equal(pins.check('edge', account, record(honest)).verdict, 'known');
});

test('a changed session key under the same node id is refused too', () => {
  const seed = random(32);
  const before = Identity.fromSecrets(seed, random(32));
  const now = Identity.fromSecrets(seed, random(32));
  const pins = PinStore.open(join(directory, 'static.json'));
  pins.pin('edge', account, record(before), 0);
  assert.throws(() => pins.check('edge', account, record(now)), {
    code: 'KEY_CHANGED',
    message: /session key changed/,
  });
});

test('a record of another account or overlay is refused', () => {
  const pins = PinStore.open(file);
  assert.throws(() => pins.check('edge', 'other@example.org', record(honest)), {
    code: 'RECORD_MISMATCH',
  });
  assert.throws(() => pins.check('edge', account, record(honest, 'lab')), {
    code: 'RECORD_MISMATCH',
  });
});

test('a forgotten account may show a new key', () => {
  const pins = PinStore.open(file);
  assert.equal(pins.forget('nobody@example.org'), false);
  assert.equal(pins.forget(account), true);
  pins.pin('edge', account, record(stranger), 0);
  assert.equal(PinStore.open(file).check('edge', account, record(stranger)).verdict, 'known');
});

test('an entry removed from the file by hand counts without a restart', () => {
  const pins = PinStore.open(file);
  writeFileSync(file, '{"evioPins":1,"overlays":{}}');
  utimesSync(file, 1, 1);
  assert.equal(pins.check('edge', account, record(honest)).verdict, 'new');
});

test('a new pin does not undo an edit by hand', () => {
  const edited = join(directory, 'edited.json');
  const pins = PinStore.open(edited);
  pins.pin('edge', account, record(honest), 0);
  writeFileSync(edited, '{"evioPins":1,"overlays":{}}');
  utimesSync(edited, 1, 1);
  pins.pin('lab', account, record(honest, 'lab'), 0);
  assert.equal(PinStore.open(edited).check('edge', account, record(stranger)).verdict, 'new');
});

test('a damaged or open file is refused and left as it is', () => {
  for (const content of [
    '',
    '[]',
    '{"evioPins":2,"overlays":{}}',
    '{"evioPins":1}',
    '{"evioPins":1,"overlays":{"e":{"a":{}}}}',
  ]) {
    writeFileSync(file, content);
    assert.throws(() => PinStore.open(file), { code: 'PINS_DAMAGED' });
    assert.equal(readFileSync(file, 'utf8'), content);
  }
  chmodSync(file, 0o644);
  assert.throws(() => PinStore.open(file), { code: 'FILE_UNSAFE' });
});
