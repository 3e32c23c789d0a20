import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ScramClient } from './scram.ts';

// RFC 7677 §3 and RFC 5802 §5.
const VECTORS = [
  {
    hash: 'sha256',
    nonce: 'rOprNGfwEbeRWgbNEkqO',
    serverFirst:
      'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
    clientFinal:
      'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
    serverFinal: 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
  },
  {
    hash: 'sha1',
    nonce: 'fyko+d2lbbFgONRv9qkxdawL',
    serverFirst: 'r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096',
    clientFinal:
      'c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=',
    serverFinal: 'v=rmF9pqV8S7suAoZWja4dJRkFsKQ=',
  },
] as const;

for (const { hash, nonce, serverFirst, clientFinal, serverFinal } of VECTORS) {
  test(`the published exchange of SCRAM with ${hash}`, async () => {
    const client = new ScramClient(hash, 'user', 'pencil', nonce);
    assert.equal(client.first(), `n,,n=user,r=${nonce}`);
    assert.equal(await client.final(serverFirst), clientFinal);
    assert.equal(client.verified, false);
    client.verify(serverFinal);
    assert.equal(client.verified, true);
  });
}

const [{ serverFirst, nonce }] = VECTORS;
const fresh = () => new ScramClient('sha256', 'user', 'pencil', nonce);
const refused = { code: 'SERVER_NOT_AUTHENTICATED' };

test('a wrong, short or missing signature is refused', async () => {
  for (const final of ['', 'v=', 'v=AAAA', `v=${'A'.repeat(43)}=`, 'e=other-error']) {
    const client = fresh();
    await client.final(serverFirst);
    assert.throws(() => client.verify(final), refused);
  }
});

test('a signature before the proof is refused', () => {
  assert.throws(() => fresh().verify('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4='), refused);
});

test('a challenge must extend our nonce and have a sensible number of rounds', async () => {
  for (const challenge of [
    '',
    's=AAAA,i=4096',
    serverFirst.replace('rOpr', 'xOpr'),
    `r=${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`,
    serverFirst.replace('4096', '4095'),
    serverFirst.replace('4096', '1'),
    serverFirst.replace('4096', '999999999'),
    serverFirst.replace('4096', '-4096'),
    `m=extension,${serverFirst}`,
  ]) {
    await assert.rejects(fresh().final(challenge), refused, challenge);
  }
});

test('a comma and an equals sign in a user name are escaped', () => {
  assert.equal(new ScramClient('sha1', 'a=b,c', 'x', 'n').first(), 'n,,n=a=3Db=2Cc,r=n');
});
