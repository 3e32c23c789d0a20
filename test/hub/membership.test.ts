/** Members of a running hub: who can log in, and who sees whom, when. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect } from 'node:tls';
import { Hub, type HubNode } from '@evio/hub';
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
    overlays: ['edge', 'cloud'],
    ports: await freePorts(),
    turn: false,
  });
});
after(async () => {
  await hub?.stop();
  place[Symbol.dispose]();
});

const login = (node: HubNode) => XmppLogin.as({ ...node, ca: hub.ca });

test('a node added while the server runs is seen by those online, and sees them', async () => {
  const first = await hub.addNode('first');
  const a = await login(first);
  assert.doesNotMatch(a.text, /second@hub.test/);

  const second = await hub.addNode('second');
  const push = await a.until(/<iq [^>]*type='set'.*?<item .*?<\/item>/s);
  assert.match(push[0], /jid='second@hub.test'/);
  assert.match(push[0], /subscription='both'/);
  assert.match(push[0], /<group>edge<\/group>/);

  const b = await login(second);
  assert.match(b.text, /<item [^>]*jid='first@hub.test'.*?<group>edge<\/group>/s);
  await a.until(/<presence[^>]*from='second@hub.test\/test'/);
  await b.until(/<presence[^>]*from='first@hub.test\/test'/);

  b.close();
  a.close();
});

test('a login right after add-node sees its members at once', async () => {
  const left = await hub.addNode('left');
  const right = await hub.addNode('right');
  const a = await login(right);
  assert.match(a.text, /<item [^>]*jid='left@hub.test'/);
  const b = await login(left);
  await a.until(/<presence[^>]*from='left@hub.test\/test'/);
  a.close();
  b.close();
});

test('two online nodes that come to share an overlay get each other’s presence', async () => {
  const a = await login(await hub.addNode('near', ['edge']));
  const b = await login(await hub.addNode('far', ['cloud']));
  assert.doesNotMatch(a.text, /far@hub.test/);
  assert.doesNotMatch(b.text, /near@hub.test\//);
  const both = await hub.addNode('near', ['cloud']);
  assert.deepEqual(Object.keys(both.addresses), ['edge', 'cloud']);
  await a.until(/<presence[^>]*from='far@hub.test\/test'/);
  await b.until(/<presence[^>]*from='near@hub.test\/test'/);
  assert.match((await b.until(/<item [^>]*jid='near@.*?<\/item>/s))[0], /<group>cloud<\/group>/);
  a.close();
  b.close();
});

test('a removed node loses its session and its account, and others lose it', async () => {
  const stays = await hub.addNode('stays');
  const goes = await hub.addNode('goes');
  const a = await login(stays);
  const b = await login(goes);
  await a.until(/<presence[^>]*from='goes@hub.test\/test'/);
  a.clear();
  await hub.removeNode('goes');
  assert.match((await a.until(/<item [^>]*goes@hub.test[^>]*>/))[0], /subscription='remove'/);
  const presence = await a.until(/<presence[^>]*goes@hub.test[^>]*>/);
  assert.match(presence[0], /type='unavailable'/);
  await b.until(/not-authorized/);
  await assert.rejects(login(goes), /failure/);
  assert.ok(!hub.nodes().some(({ name }) => name === 'goes'));
  await assert.rejects(hub.removeNode('goes'), { code: 'NODE_UNKNOWN' });
  a.close();
  b.close();
});

test('members and accounts survive a restart, and additions while the server is down', async () => {
  const before = await hub.addNode('before');
  await hub.stopXmpp();
  const during = await hub.addNode('during');
  await hub.startXmpp();
  const a = await login(before);
  assert.match(a.text, /jid='during@hub.test'/);
  const b = await login(during);
  await a.until(/<presence[^>]*from='during@hub.test\/test'/);
  a.close();
  b.close();
});

test('a wrong password and a stranger are refused', async () => {
  const node = await hub.addNode('known');
  await assert.rejects(login({ ...node, password: 'wrong' }), /not-authorized/);
  await assert.rejects(login({ ...node, jid: 'stranger@hub.test' }), /not-authorized/);
});

test('a stranger can register no account, and a member none but its own', async () => {
  const fields = '<username>another</username><password>x</password>';
  const request = `<iq type='set' id='reg' to='hub.test'><query xmlns='jabber:iq:register'>${fields}</query></iq>`;
  const { hostname, port } = new URL(hub.service);
  const socket = connect({
    host: hostname,
    port: Number(port),
    servername: 'hub.test',
    ca: hub.ca,
  });
  socket.setEncoding('utf8');
  socket.write(
    "<?xml version='1.0'?><stream:stream to='hub.test' version='1.0' xmlns='jabber:client' " +
      `xmlns:stream='http://etherx.jabber.org/streams'>${request}`,
  );
  let answer = '';
  for await (const chunk of socket) {
    answer += chunk;
    if (answer.includes('</iq>')) break;
  }
  socket.destroy();
  assert.match(answer, /<iq [^>]*type='error'/);
  assert.doesNotMatch(answer, /iq-register/);

  const member = await login(await hub.addNode('curious'));
  member.send(request);
  assert.match((await member.until(/<iq [^>]*id='reg'.*?(<\/iq>|\/>)/s))[0], /type='error'/);
  member.close();
  const another = { ...(await hub.addNode('curious')), jid: 'another@hub.test', password: 'x' };
  await assert.rejects(login(another), /not-authorized/);
});

test('too big a stanza ends the stream', async () => {
  const a = await login(await hub.addNode('talkative'));
  a.send(`<message to='talkative@hub.test'><body>${'x'.repeat(70_000)}</body></message>`);
  await a.until(/policy-violation/);
  a.close();
});

test('a second add-node changes nothing', async () => {
  const once = await hub.addNode('same');
  const text = readFileSync(once.configFile, 'utf8');
  assert.deepEqual(await hub.addNode('same'), once);
  assert.equal(readFileSync(once.configFile, 'utf8'), text);
});
