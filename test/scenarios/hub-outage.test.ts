import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PeerStatus } from '@evio/agent/control';
import { Lab } from '../lab/index.ts';
import { allLinked, type Change, join, tell } from './cast.ts';

/** Keys every 3 s instead of 120 s: ten minutes see as many rekeys as six hours otherwise. */
const quickKeys: Change = config => {
  config.timers = { rekey_seconds: 3, reject_seconds: 6, keepalive_seconds: 1 };
};
/** EVIO_OUTAGE_SECONDS=40 for a shorter version. */
const { EVIO_OUTAGE_SECONDS = '600' } = process.env;
const OUTAGE_SECONDS = Number(EVIO_OUTAGE_SECONDS);

test('with the hub gone links carry traffic and rekey; when it is back a new node joins', async () => {
  await using lab = await Lab.create({
    hub: true,
    sites: {
      home: { nat: 'port-restricted', hosts: ['home'] },
      office: { nat: 'address-restricted', hosts: ['office'] },
      cloud: { nat: 'none', hosts: ['cloud'] },
      late: { nat: 'full-cone', hosts: ['late'] },
    },
  });
  const agents = await join(lab, ['home', 'office', 'cloud'], quickKeys);
  const [home, office, cloud] = agents;
  assert.ok(home && office && cloud);
  await allLinked(agents);
  await using toOffice = home.host.pings(office.address, { intervalMs: 100 });
  await using toCloud = office.host.pings(cloud.address, { intervalMs: 100 });
  assert.ok((await toOffice.replyAfter(Date.now(), 5000)) !== undefined);
  assert.ok((await toCloud.replyAfter(Date.now(), 5000)) !== undefined);

  await lab.hub.stop();
  const stopped = Date.now();
  let rekeys = 0;
  let age = 0;
  while (Date.now() - stopped < OUTAGE_SECONDS * 1000) {
    await sleep(250);
    const peer: PeerStatus | undefined = await home.peer(office);
    assert.equal(peer?.session.state, 'up');
    const now = peer?.session.ageSeconds ?? 0;
    if (now < age) rekeys += 1;
    age = now;
  }
  assert.equal((await home.overlay()).signaling.state === 'online', false);
  const gaps = [toOffice, toCloud].map(stream => stream.longestGapSince(stopped));
  tell(
    `${OUTAGE_SECONDS} s without a hub: ${rekeys} rekeys, longest silence ${Math.max(...gaps).toFixed(0)} ms`,
  );
  assert.ok(rekeys >= Math.floor(OUTAGE_SECONDS / 3 / 2), `${rekeys} rekeys`);
  assert.ok(Math.max(...gaps) < 1000);

  await lab.hub.start();
  const back = Date.now();
  const late = await lab.agent('late', quickKeys);
  await late.online(60_000);
  await Promise.all(agents.map(agent => agent.linkedTo(late, 90_000)));
  assert.ok((await late.host.ping(home.address, { timeoutMs: 5000 })).ok);
  tell(
    `a new node was linked to all ${((Date.now() - back) / 1000).toFixed(1)} s after the hub was back`,
  );
  assert.ok(toOffice.longestGapSince(back) < 1000, 'and nobody else noticed');
});
