import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Identity } from './identity.ts';

const random = (bytes: number) => new Uint8Array(randomBytes(bytes));
let directory = '';
let file = '';
before(() => {
  directory = mkdtempSync(join(tmpdir(), 'evio-identity-'));
  file = join(directory, 'state', 'identity.json');
});
after(() => rmSync(directory, { recursive: true, force: true }));

test('the first start makes an identity, the next reads the same', () => {
  const first = Identity.loadOrCreate(file, random);
  const second = Identity.loadOrCreate(file, random);
  assert.equal(second.nodeId, first.nodeId);
  assert.deepEqual(second.staticPublic, first.staticPublic);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(join(directory, 'state')), ['identity.json']);
});

test('the id is the first half of the hash of the signing key', () => {
  const identity = Identity.create(random);
  const hash = createHash('sha256').update(identity.signPublic).digest('hex');
  assert.equal(identity.nodeId, hash.slice(0, 32));
});

test('a file that others may read is refused with the command that mends it', () => {
  for (const mode of [0o640, 0o604, 0o620]) {
    chmodSync(file, mode);
    assert.throws(() => Identity.loadOrCreate(file, random), {
      code: 'FILE_UNSAFE',
      message: /expected mode 0600, got 06[024][024].*chmod 600/,
    });
  }
  chmodSync(file, 0o600);
});

test('a file of another user is refused', { skip: process.geteuid?.() !== 0 }, () => {
  chownSync(file, 65534, 65534);
  assert.throws(() => Identity.loadOrCreate(file, random), {
    code: 'FILE_UNSAFE',
    message: /owned by 65534/,
  });
  chownSync(file, 0, 0);
});

test('a link or a directory in its place is refused', () => {
  const link = join(directory, 'link');
  symlinkSync(file, link);
  assert.throws(() => Identity.loadOrCreate(link, random), { code: 'FILE_UNSAFE' });
  assert.throws(() => Identity.loadOrCreate(directory, random), { code: 'FILE_UNSAFE' });
});

test('a damaged file is refused and left as it is', () => {
  const good = readFileSync(file, 'utf8');
  const other = Identity.create(random).nodeId;
  const broken = [
    '',
    'null',
    '[]',
    good.slice(0, -10),
    good.replace('"evioIdentity": 1', '"evioIdentity": 2'),
    good.replace(/"staticSecret": "[^"]*"/, '"staticSecret": "AAAA"'),
    good
      .replace(/"signSeed": "./, '"signSeed": "/')
      .replace(/"nodeId": "\w+"/, `"nodeId": "${other}"`),
  ];
  const damagedFile = join(directory, 'damaged.json');
  for (const content of broken) {
    writeFileSync(damagedFile, content, { mode: 0o600 });
    assert.throws(() => Identity.loadOrCreate(damagedFile, random), {
      code: 'IDENTITY_DAMAGED',
      message: /damaged\.json/,
    });
    assert.equal(readFileSync(damagedFile, 'utf8'), content);
  }
});
