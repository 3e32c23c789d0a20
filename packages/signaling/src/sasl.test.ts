import assert from 'node:assert/strict';
import { test } from 'node:test';
import xml, { type Element } from '@xmpp/xml';
import { NS_SASL } from './namespaces.ts';
import { authenticate, type Credentials, chooseMechanism } from './sasl.ts';

const BOTH: Credentials = {
  account: 'edge-a@example.org',
  username: 'edge-a',
  password: 'secret',
  hasCertificate: true,
  allowPlain: false,
};
const PASSWORD = { ...BOTH, hasCertificate: false };

test('the strongest mechanism that both know is chosen, whatever the order of the offer', () => {
  const offer = ['PLAIN', 'SCRAM-SHA-1', 'EXTERNAL', 'SCRAM-SHA-256'];
  assert.equal(chooseMechanism(offer, BOTH), 'EXTERNAL');
  assert.equal(chooseMechanism(offer, PASSWORD), 'SCRAM-SHA-256');
  assert.equal(chooseMechanism(['PLAIN', 'SCRAM-SHA-1'], PASSWORD), 'SCRAM-SHA-1');
});

test('PLAIN is used only when asked for', () => {
  assert.throws(() => chooseMechanism(['PLAIN'], PASSWORD), {
    code: 'AUTH_NO_MECHANISM',
    message: /SCRAM-SHA-256, SCRAM-SHA-1, the server offers PLAIN/,
  });
  assert.equal(chooseMechanism(['PLAIN'], { ...PASSWORD, allowPlain: true }), 'PLAIN');
});

test('a server that says success in the middle of SCRAM is refused', async () => {
  const answers = [xml('success', { xmlns: NS_SASL })];
  const exchange = async (): Promise<Element> => answers.shift() ?? assert.fail('asked again');
  await assert.rejects(authenticate('SCRAM-SHA-256', PASSWORD, 'nonce', exchange), {
    code: 'SERVER_NOT_AUTHENTICATED',
  });
});

test('a refusal tells its reason, and whether it may pass', async () => {
  const failure = (condition: string) => async () =>
    xml('failure', { xmlns: NS_SASL }, xml(condition), xml('text', {}, 'because'));
  await assert.rejects(authenticate('EXTERNAL', BOTH, 'n', failure('not-authorized')), {
    code: 'AUTH_FAILED',
    message: 'the server refused the login of edge-a@example.org: not-authorized (because)',
  });
  await assert.rejects(authenticate('EXTERNAL', BOTH, 'n', failure('temporary-auth-failure')), {
    code: 'AUTH_TEMPORARY',
  });
});
