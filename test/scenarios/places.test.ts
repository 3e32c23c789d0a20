import assert from 'node:assert/strict';
import { test } from 'node:test';
import { iperf, Lab } from '../lab/index.ts';
import { allLinked, join, tell } from './cast.ts';

test('two hosts behind one NAT talk in their LAN', async () => {
  await using lab = await Lab.create({
    hub: true,
    sites: { home: { nat: 'symmetric', hosts: ['a', 'b'] } },
  });
  const [a, b] = await join(lab);
  assert.ok(a && b);
  await a.until(
    'is direct',
    async () => (await a.peer(b))?.path.remote?.startsWith(b.host.address) === true,
  );
  assert.equal((await a.peer(b))?.path.kind, 'direct');
  assert.ok((await a.host.ping(b.address)).ok);
});

test('sites that use the same private addresses are not mistaken for one', async () => {
  await using lab = await Lab.create({
    hub: true,
    sites: {
      home: { nat: 'port-restricted', lan: '192.168.1', hosts: ['a'] },
      office: { nat: 'port-restricted', lan: '192.168.1', hosts: ['b'] },
    },
  });
  const [a, b] = await join(lab);
  assert.ok(a && b);
  assert.equal(a.host.address, b.host.address);
  await allLinked([a, b]);
  await a.until('is direct', async () => (await a.peer(b))?.path.kind === 'direct');
  assert.ok((await a.host.ping(b.address)).ok);
});

test('a NAT behind a NAT is crossed directly when both allow it', async () => {
  await using lab = await Lab.create({
    hub: true,
    sites: {
      flat: { nat: ['port-restricted', 'full-cone'], hosts: ['a'] },
      home: { nat: 'port-restricted', hosts: ['b'] },
    },
  });
  const [a, b] = await join(lab);
  assert.ok(a && b);
  await a.until('is direct', async () => (await a.peer(b))?.path.kind === 'direct');
  assert.ok((await b.host.ping(a.address)).ok);
});

test('where IPv4 needs a relay, IPv6 goes straight', async () => {
  await using lab = await Lab.create({
    hub: true,
    sites: {
      one: { nat: 'symmetric', ipv6: 'firewalled', hosts: ['a'] },
      two: { nat: 'symmetric', ipv6: 'firewalled', hosts: ['b'] },
    },
  });
  const [a, b] = await join(lab);
  assert.ok(a && b);
  await a.until('is direct', async () => (await a.peer(b))?.path.kind === 'direct');
  assert.match((await a.peer(b))?.path.remote ?? '', /^\[2001:db8:/);
  assert.ok((await a.host.ping(b.address)).ok);
});

test('a host with IPv6 only reaches one with IPv4 only, by the relay', async () => {
  await using lab = await Lab.create({
    hub: true,
    sites: {
      modern: { ipv4: false, ipv6: 'open', hosts: ['a'] },
      old: { nat: 'port-restricted', hosts: ['b'] },
    },
  });
  const [a, b] = await join(lab, ['a', 'b'], config => {
    // The account is the same; this host reaches the hub by its IPv6 address.
    const [overlay] = config.overlays;
    if (overlay !== undefined && config.name === 'a') {
      overlay.xmpp.service = 'xmpps://[2001:db8:ffff:250::10]:5223';
    }
  });
  assert.ok(a && b);
  await allLinked([a, b]);
  assert.ok((await a.host.ping(b.address, { timeoutMs: 5000 })).ok);
  assert.ok((await b.host.ping(a.address, { timeoutMs: 5000 })).ok);
});

for (const [mtu, blackHole] of [
  [1280, false],
  [1280, true],
  [576, true],
] as const) {
  const silent = blackHole ? ' that says nothing of it' : '';
  test(`full frames pass a path of MTU ${mtu}${silent}`, async () => {
    await using lab = await Lab.create({
      hub: true,
      sites: {
        narrow: { nat: 'port-restricted', mtu, blackHole, hosts: ['a'] },
        world: { hosts: ['b'] },
      },
    });
    const [a, b] = await join(lab);
    assert.ok(a && b);
    await allLinked([a, b]);
    // 1,372 bytes make a full packet of 1,400, the TAP's MTU.
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const { ok } = await from.host.ping(to.address, { bytes: 1372, count: 5, timeoutMs: 5000 });
      assert.ok(ok, `${from.name} → ${to.name}`);
      const { mbps } = await iperf(from.host.namespace, to.host.namespace, to.address, {
        seconds: 1,
      });
      tell(`MTU ${mtu}${silent}: ${mbps.toFixed(0)} Mb/s ${from.name} → ${to.name}`);
      assert.ok(mbps > 5);
    }
  });
}

test('links come up and hold over a path that delays, loses and reorders', async () => {
  const link = { delayMs: 40, jitterMs: 20, lossPercent: 3, reorderPercent: 3 };
  await using lab = await Lab.create({
    hub: true,
    sites: {
      rough: { nat: 'port-restricted', link, hosts: ['a'] },
      smooth: { nat: 'port-restricted', hosts: ['b'] },
    },
  });
  const [a, b] = await join(lab);
  assert.ok(a && b);
  await allLinked([a, b]);
  await a.until('is direct', async () => (await a.peer(b))?.path.kind === 'direct', 20_000);
  await using pings = a.host.pings(b.address, { intervalMs: 50 });
  const began = Date.now();
  await pings.count(200, 30_000);
  const seconds = (Date.now() - began) / 1000;
  tell(
    `3 % loss each way: ${pings.replies.length} of ${pings.lastSequence} pings answered in ${seconds.toFixed(1)} s`,
  );
  assert.ok(pings.replies.length >= 0.85 * pings.lastSequence);
});
