import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { AccountLogin, withAccount } from '@evio/signaling';
import { EvioError, type Invitation } from '@evio/types';
import { ownPassword } from './own-password.ts';

const INVITATION: Invitation = {
  account: 'edge-b@example.org',
  password: 'once',
  service: 'xmpps://203.0.113.10:5223',
  expires: 1000,
  overlays: [{ name: 'edge', address: '10.10.0.2/16' }],
};

/** A hub with one account; `cut` fails after the change, before its answer. */
function hub(password = 'once', { cut = false } = {}) {
  const state = { password, cut };
  const login = async (options: AccountLogin, use: Parameters<typeof withAccount>[1]) => {
    if (options.password !== state.password) throw new EvioError('AUTH_FAILED', 'no');
    return use({
      changePassword: async next => {
        state.password = next;
        if (state.cut) throw new EvioError('XMPP_TIMEOUT', 'silent');
      },
      unregister: async () => undefined,
    });
  };
  return { state, login: login as typeof withAccount };
}

function place(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'evio-join-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, '.joining.edge-b@example.org');
}

const options = (pending: string, login: typeof withAccount) => ({
  invitation: INVITATION,
  ca: undefined,
  configured: undefined,
  pending,
  now: 999,
  login,
});

test('the one-time password is replaced by one that was kept first', async t => {
  const pending = place(t);
  const { state, login } = hub();
  const { password, kept } = await ownPassword(options(pending, login));
  assert.equal(kept, false);
  assert.equal(state.password, password);
  assert.match(password, /^[A-Za-z0-9_-]{32}$/);
  assert.equal(readFileSync(pending, 'utf8'), `${password}\n`);
  assert.equal(statSync(pending).mode & 0o777, 0o600);
});

test('a run that was cut after the change goes on with the password that it had kept', async t => {
  const pending = place(t);
  const { state, login } = hub('once', { cut: true });
  await assert.rejects(ownPassword(options(pending, login)), {
    step: 'account',
    code: 'XMPP_TIMEOUT',
  });
  assert.deepEqual(await ownPassword({ ...options(pending, login), now: 5000 }), {
    password: state.password,
    kept: true,
  });
});

test('a password from the configuration is kept as long as the hub takes it', async t => {
  const { login } = hub('mine');
  const configured = { ...options(place(t), login), configured: 'mine', now: 5000 };
  assert.deepEqual(await ownPassword(configured), { password: 'mine', kept: true });
  const renewed = hub('once');
  const answer = await ownPassword({ ...options(place(t), renewed.login), configured: 'mine' });
  assert.notEqual(answer.password, 'mine');
});

test('an invitation that was used is refused, and leaves nothing behind', async t => {
  const pending = place(t);
  await assert.rejects(ownPassword(options(pending, hub('theirs').login)), {
    code: 'INVITATION_REFUSED',
    message: /used already/,
    mend: /evio hub invite edge-b/,
  });
  assert.equal(existsSync(pending), false);
});

test('an expired one is refused with both times, before anything is tried', async t => {
  await assert.rejects(ownPassword({ ...options(place(t), hub().login), now: 1000 }), {
    step: 'invitation',
    code: 'INVITATION_EXPIRED',
    message: /good until 1970-01-01T00:16 UTC, and here it is 1970-01-01T00:16/,
  });
});
