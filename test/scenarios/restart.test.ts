import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lab } from '../lab/index.ts';
import { allLinked, join, tell } from './cast.ts';

test('an agent that is killed leaves its TAP in its bridge, and is back within two seconds', async () => {
  await using lab = await Lab.create({
    hub: true,
    sites: {
      home: { nat: 'port-restricted', hosts: ['home'] },
      cloud: { nat: 'none', hosts: ['cloud'] },
    },
  });
  const [home, cloud] = await join(lab, ['home', 'cloud'], config => {
    const [overlay] = config.overlays;
    if (overlay?.interface !== undefined) overlay.interface.bridge = 'br0';
  });
  assert.ok(home && cloud);
  await allLinked([home, cloud]);
  const device = (await home.overlay()).interface;
  const link = async () => {
    const { stdout } = await home.host.exec(['ip', '-j', 'link', 'show', device]);
    const [found] = JSON.parse(stdout) as { ifindex: number; master?: string; address: string }[];
    return { ifindex: found?.ifindex, master: found?.master, address: found?.address };
  };
  const before = await link();
  assert.equal(before.master, 'br0');

  const missed: number[] = [];
  const reachable = async () => (await cloud.peer(home))?.reachable;
  const kill = async () => {
    await home.kill9();
    const killed = Date.now();
    await cloud.until('misses home', async () => (await reachable()) === false, 5_000);
    missed.push(Date.now() - killed);
  };
  await kill();
  tell(`missed by the other while nothing is sent: after ${missed.splice(0).join()} ms`);
  const hasBack = () => cloud.until('has home back', async () => (await reachable()) === true);
  await home.start();
  await hasBack();

  await using pings = cloud.host.pings(home.address);
  assert.ok((await pings.replyAfter(Date.now(), 5000)) !== undefined);

  const outages: number[] = [];
  for (let turn = 0; turn < 3; turn += 1) {
    await kill();
    assert.deepEqual(await link(), before, 'the same device, in the same bridge');
    const restarted = Date.now();
    await home.start();
    await home.online();
    const online = Date.parse((await home.overlay()).signaling.since);
    const back = await pings.replyAfter(online, 10_000);
    assert.ok(back !== undefined);
    outages.push(Date.now() - restarted);
    assert.ok(back <= 2000, `${back} ms after it was online`);
    await hasBack();
    assert.deepEqual(await link(), before);
  }
  tell(`missed while it is pinged: after ${missed.join(', ')} ms`);
  tell(`from its start to the first ping: ${outages.join(', ')} ms`);
});

test('an orderly stop and start costs about a second of traffic as well', async () => {
  await using lab = await Lab.create({ hub: true, sites: { lan: { hosts: ['a', 'b'] } } });
  const [a, b] = await join(lab);
  assert.ok(a && b);
  await allLinked([a, b]);
  await using pings = b.host.pings(a.address);
  await pings.count(1, 5000);
  const began = Date.now();
  assert.equal(await a.stop(), 0);
  await a.start();
  assert.ok((await pings.replyAfter(Date.now(), 10_000)) !== undefined);
  tell(`stopped and started: ${pings.longestGapSince(began).toFixed(0)} ms without traffic`);
});
