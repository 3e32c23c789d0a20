import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join as joinPath } from 'node:path';
import { test } from 'node:test';
import { Lab } from '../lab/index.ts';
import { capture } from './capture.ts';
import { allLinked, join, pairs } from './cast.ts';

test('nothing that is pinged through the overlay can be read on the way', async () => {
  await using lab = await Lab.create({
    hub: true,
    sites: {
      home: { nat: 'symmetric', hosts: ['home'] },
      office: { nat: 'symmetric', hosts: ['office'] },
      cloud: { nat: 'none', hosts: ['cloud'] },
    },
  });
  const agents = await join(lab);
  await allLinked(agents);
  // 16 bytes that ping repeats in its payload.
  const secret = 'overheard secret';
  const pattern = Buffer.from(secret).toString('hex');
  const file = joinPath(lab.directory, 'underlay.pcap');
  const inside = joinPath(lab.directory, 'overlay.pcap');
  const [home] = agents;
  assert.ok(home);
  const device = (await home.overlay()).interface;
  const underlay = await capture(lab.internet, 'any', file);
  const overlay = await capture(home.host.namespace, device, inside);
  for (const [a, b] of pairs(agents)) {
    await a.host.exec(['ping', '-n', '-c', '20', '-i', '0.01', '-p', pattern, b.address]);
  }
  await Promise.all([underlay.stop(), overlay.stop()]);
  const seenOutside = await readFile(file);
  const seenInside = await readFile(inside);
  assert.ok(seenInside.includes(secret), 'the payload is what we look for');
  assert.ok(seenOutside.length > 60 * 100, 'the pings passed by where we listened');
  assert.equal(seenOutside.includes(secret), false);
  assert.equal(seenOutside.includes(secret.slice(0, 8)), false);
});
