/** What a running hub makes of an invitation: used once, in time, taken back, given up. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Hub, type IssuedInvitation, listInvitations, uninviteNode } from '@evio/hub';
import { type Invitation, parseInvitation } from '@evio/types';
import { fetchPinnedAuthority, withAccount } from '../../packages/signaling/src/index.ts';
import { freePorts } from './free-ports.ts';
import { scratch } from './scratch.ts';
import { XmppLogin } from './xmpp-login.ts';

const place = scratch();
let hub: Hub;
before(async () => {
  hub = await Hub.start({
    dir: join(place.dir, 'hub'),
    domain: 'hub.test',
    addresses: ['127.0.0.1'],
    ports: await freePorts(),
    turn: false,
  });
});
after(async () => {
  await hub?.stop();
  place[Symbol.dispose]();
});

const HOUR = 3600;
const invite = (name: string, seconds = HOUR) => hub.invite(name, { seconds });
const random = (bytes: number) => new Uint8Array(randomBytes(bytes));

/** Logs in as the host that was invited would. */
async function credentials({ line }: IssuedInvitation): Promise<Invitation & { ca: string }> {
  const invitation = parseInvitation(line);
  assert.ok(invitation.pin);
  const { service, pin } = invitation;
  const ca = await fetchPinnedAuthority({ service, domain: 'hub.test', pin, timeoutMs: 5_000 });
  return { ...invitation, ca };
}

async function change(issued: IssuedInvitation, password: string): Promise<void> {
  const { account: jid, password: once, service, ca } = await credentials(issued);
  await withAccount({ jid, password: once, service, ca, random }, account =>
    account.changePassword(password),
  );
}

const login = async (issued: IssuedInvitation, password: string) =>
  XmppLogin.as({ ...(await credentials(issued)), jid: issued.jid, password });

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 8_000; !(await holds()); await sleep(50)) {
    assert.ok(Date.now() < deadline, `not within 8 s: ${what}`);
  }
}

const stateOf = (name: string) => hub.nodes().find(node => node.name === name)?.invitation?.state;

test('the password of an invitation is good until it is replaced', async () => {
  const issued = await invite('once');
  assert.equal(stateOf('once'), 'open');
  assert.deepEqual(
    (await listInvitations(hub.dir, Date.now() / 1000)).map(({ name }) => name),
    ['once'],
  );
  await change(issued, 'my own password');
  await until('it has joined', () => stateOf('once') === 'joined');
  assert.deepEqual(await listInvitations(hub.dir, Date.now() / 1000), []);
  await assert.rejects(change(issued, 'theirs'), { code: 'AUTH_FAILED' });
  (await login(issued, 'my own password')).close();
  await assert.rejects(invite('once'), { code: 'NODE_EXISTS' });
  await assert.rejects(hub.addNode('once'), { code: 'NODE_INVITED' });
});

test('of two hosts that are logged in with one line, the first takes it', async () => {
  const issued = await invite('raced');
  const { password } = parseInvitation(issued.line);
  const slow = await login(issued, password);
  await change(issued, 'the first');
  await slow.untilEnd();
  (await login(issued, 'the first')).close();
});

test('an invitation that is over is taken out, and its session ended', async () => {
  const issued = await invite('late', 2);
  const { password } = parseInvitation(issued.line);
  const session = await login(issued, password);
  await until('it is gone', () => !hub.nodes().some(({ name }) => name === 'late'));
  await session.untilEnd();
  await assert.rejects(change(issued, 'too late'), { code: 'AUTH_FAILED' });
});

test('a second invitation ends the first, and has the same address', async () => {
  const first = await invite('again');
  const second = await invite('again');
  assert.deepEqual(second.addresses, first.addresses);
  await assert.rejects(change(first, 'x'), { code: 'AUTH_FAILED' });
  await change(second, 'x');
});

test('an invitation that was taken back is not good', async () => {
  const issued = await invite('unwanted');
  await uninviteNode(hub.dir, 'unwanted', Date.now() / 1000);
  await assert.rejects(change(issued, 'x'), { code: 'AUTH_FAILED' });
  const again = uninviteNode(hub.dir, 'unwanted', Date.now() / 1000);
  await assert.rejects(again, { code: 'INVITATION_UNKNOWN' });
});

test('who gives the account up is taken out, and others see it', async () => {
  const neighbour = await XmppLogin.as({ ...(await hub.addNode('neighbour')), ca: hub.ca });
  const issued = await invite('goes');
  await change(issued, 'mine');
  const { service, ca } = await credentials(issued);
  await withAccount({ jid: issued.jid, password: 'mine', service, ca, random }, account =>
    account.unregister(),
  );
  await until('it is gone', () => !hub.nodes().some(({ name }) => name === 'goes'));
  await neighbour.until(
    /<item [^>]*goes@hub.test[^>]*subscription='remove'|<item [^>]*subscription='remove'[^>]*goes@hub.test/,
  );
  neighbour.close();
});

test('invitations made at the same time get different addresses', async () => {
  const names = ['p', 'q', 'r', 's'];
  const issued = await Promise.all(names.map(name => invite(name)));
  const addresses = issued.map(node => node.addresses['edge']);
  assert.equal(new Set(addresses).size, names.length);
});

test('another server is not taken for the hub', async () => {
  const { service } = parseInvitation((await invite('misled')).line);
  const pin = new Uint8Array(32);
  await assert.rejects(
    fetchPinnedAuthority({ service, domain: 'hub.test', pin, timeoutMs: 5_000 }),
    { code: 'PIN_MISMATCH' },
  );
});
