import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join as joinPath } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Lab } from '../lab/index.ts';
import { allLinked, join } from './cast.ts';

test('a node with the right account and a changed key is refused, and says so', async () => {
  await using lab = await Lab.create({ hub: true, sites: { lan: { hosts: ['a', 'b', 'c'] } } });
  const agents = await join(lab);
  const [a, b, c] = agents;
  assert.ok(a && b && c);
  await allLinked(agents);

  await b.stop();
  await rm(joinPath(b.directory, 'state', 'identity.json'));
  await b.start();
  await b.online();
  const jid = `b@${lab.hub.domain}`;
  await a.until('refuses b', async () =>
    (await a.overlay()).refused.some(refusal => refusal.jid === jid),
  );
  const refusal = (await a.overlay()).refused.find(candidate => candidate.jid === jid);
  assert.equal(refusal?.code, 'KEY_CHANGED');
  assert.match(refusal.message, /key/);
  assert.match(await a.log(), /KEY_CHANGED/);
  // As long as links usually take, and longer.
  await sleep(2000);
  assert.equal((await a.host.ping(b.address, { timeoutMs: 1000 })).ok, false);
  assert.ok((await a.host.ping(c.address)).ok, 'the others are not troubled');

  // The operator knows that b was installed anew.
  for (const agent of [a, c]) await agent.command(['forget', jid]);
  await allLinked(agents);
  assert.ok((await a.host.ping(b.address, { timeoutMs: 5000 })).ok);
});
