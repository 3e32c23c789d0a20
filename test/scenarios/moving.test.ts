import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Agent, Lab, type PingStream } from '../lab/index.ts';
import { allLinked, join, median, tell } from './cast.ts';

/** How often each thing happens; the issue wants the median. */
const TIMES = 5;
/** Longer than the median may be: what a loaded machine still must keep. */
const PATIENCE_MS = 15_000;

let lab: Lab;
let home: Agent;
let office: Agent;
let cloud: Agent;

before(async () => {
  lab = await Lab.create({
    hub: true,
    sites: {
      home: { nat: 'port-restricted', hosts: ['home'] },
      office: { nat: 'port-restricted', hosts: ['office'] },
      cloud: { nat: 'none', hosts: ['cloud'] },
      cafe: { nat: 'address-restricted', hosts: [] },
    },
  });
  const agents = await join(lab);
  await allLinked(agents);
  [home, office, cloud] = agents as [Agent, Agent, Agent];
});

after(async () => {
  await lab?.[Symbol.asyncDispose]();
});

/** Makes something happen again and again, and measures when traffic flows again each time. */
async function recovery(what: string, happen: (turn: number) => Promise<unknown>): Promise<number> {
  const streams: PingStream[] = [
    office.host.pings(home.address),
    home.host.pings(cloud.address),
    cloud.host.pings(home.address),
  ];
  try {
    const times: number[] = [];
    for (let turn = 0; turn < TIMES; turn += 1) {
      for (const stream of streams) {
        const before = await stream.replyAfter(Date.now(), PATIENCE_MS);
        assert.ok(before !== undefined, `${stream.address} answers before: ${what}`);
      }
      const began = Date.now();
      await happen(turn);
      for (const stream of streams) {
        const time = await stream.replyAfter(began, PATIENCE_MS);
        assert.ok(time !== undefined, `${stream.address} answers after: ${what}`);
        // The silence may begin a moment after: it is the longest one that counts.
        await sleep(300);
        assert.ok((await stream.replyAfter(Date.now(), PATIENCE_MS)) !== undefined);
        times.push(Math.max(time, stream.longestGapSince(began)));
      }
      await home.online(30_000);
    }
    tell(
      `${what}: traffic again after ${median(times).toFixed(0)} ms in the median, ` +
        `${Math.max(...times).toFixed(0)} ms at worst`,
    );
    return median(times);
  } finally {
    for (const stream of streams) await stream[Symbol.asyncDispose]();
  }
}

test('a NAT that forgets its mappings interrupts traffic for a second at most', async () => {
  const ms = await recovery('NAT forgets', () => lab.site('home').flushNat());
  assert.ok(ms <= 1000, `${ms} ms`);
});

test('so do both NATs that forget at once', async () => {
  const ms = await recovery('both NATs forget', () =>
    Promise.all([lab.site('home').flushNat(), lab.site('office').flushNat()]),
  );
  assert.ok(ms <= 1000, `${ms} ms`);
});

test('so does a host that gets another address', async () => {
  const ms = await recovery('new address', () => home.host.changeAddress());
  assert.ok(ms <= 1000, `${ms} ms`);
});

test('so does a site that gets another public address', async () => {
  const ms = await recovery('new public address', () => lab.site('home').changePublicAddress());
  assert.ok(ms <= 1000, `${ms} ms`);
});

test('so does a host that moves between two networks', async () => {
  const ms = await recovery('new network', turn =>
    home.host.moveTo(lab.site(turn % 2 === 0 ? 'cafe' : 'home')),
  );
  assert.ok(ms <= 1000, `${ms} ms`);
});
