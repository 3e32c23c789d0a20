import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Impairment,
  type IperfResult,
  iperf,
  Lab,
  type LinkSpec,
  type UdpSocket,
} from './index.ts';

function between(link: LinkSpec): Promise<Lab> {
  return Lab.create({ sites: { near: { hosts: ['n'], link }, far: { hosts: ['f'] } } });
}

/** Sends `count` numbered datagrams from n to f, `gapMs` apart, and returns those that came. */
async function arrivals(lab: Lab, count: number): Promise<number[]> {
  await using there = await lab.host('f').udp(5000);
  await using here = await lab.host('n').udp();
  const to = `${lab.host('f').address}:5000`;
  await warm(here, there, to);
  for (let n = 0; n < count; n += 1) {
    here.send(to, String(n));
    // A burst would overflow the receiver's buffer: that loss is not the wire's.
    if (n % 50 === 49) await sleep(10);
  }
  const got: number[] = [];
  for (;;) {
    const arrival = await there.receive(300);
    if (arrival === undefined) return got;
    if (arrival.text !== 'warm') got.push(Number(arrival.text));
  }
}

/** ARP is done before the count begins, whatever the wire loses. */
async function warm(here: UdpSocket, there: UdpSocket, to: string): Promise<void> {
  for (let tries = 0; tries < 20; tries += 1) {
    here.send(to, 'warm');
    if (await there.hears('warm', 200)) return;
  }
  assert.fail('no datagram came through at all');
}

function throughput(lab: Lab, seconds: number): Promise<IperfResult> {
  const [near, far] = [lab.host('n'), lab.host('f')];
  return iperf(near.namespace, far.namespace, far.address, { seconds });
}

const isSorted = (list: number[]) => list.every((n, i) => i === 0 || n > (list[i - 1] ?? 0));

test('a clean wire passes everything in order, large TCP segments included', async () => {
  await using lab = await between({});
  assert.deepEqual(
    await arrivals(lab, 500),
    Array.from({ length: 500 }, (_, n) => n),
  );
  const { bytes } = await throughput(lab, 1);
  assert.ok(bytes > 10e6, `${bytes} bytes`);
});

test('delay adds to the round trip, by direction', async () => {
  await using lab = await between({ up: { delayMs: 30 }, down: { delayMs: 10 } });
  const { rttMs } = await lab.host('n').ping(lab.host('f').address, { count: 10, timeoutMs: 5000 });
  assert.ok(rttMs > 39.9 && rttMs < 46, `${rttMs} ms`);
});

test('jitter spreads delays and keeps the order', async () => {
  await using lab = await between({ jitterMs: 20 });
  const got = await arrivals(lab, 500);
  assert.equal(got.length, 500);
  assert.ok(isSorted(got));
});

test('loss takes its share', async () => {
  const lossy: Impairment = { lossPercent: 10 };
  await using lab = await between({ up: lossy, down: {} });
  const got = (await arrivals(lab, 1000)).length;
  const { up } = await lab.site('near').wire.counters();
  assert.ok(up.lost >= 1000 - got);
  assert.ok(got > 850 && got < 950, `${got} of 1000 came`);
});

test('reordering lets later packets overtake, and loses none', async () => {
  await using lab = await between({ up: { reorderPercent: 5 }, down: {} });
  const got = await arrivals(lab, 500);
  assert.equal(got.length, 500);
  assert.equal(isSorted(got), false);
});

test('a rate holds back what is more', async () => {
  await using lab = await between({ up: { rateMbps: 10 }, down: {} });
  const { mbps } = await throughput(lab, 2);
  assert.ok(mbps > 8 && mbps < 10.2, `${mbps} Mb/s`);
});

test('what the wire does can change while it runs', async () => {
  await using lab = await between({});
  const { wire } = lab.site('near');
  await using pings = lab.host('n').pings(lab.host('f').address);
  assert.ok((await pings.replyAfter(Date.now(), 2000)) !== undefined);
  await wire.set({ lossPercent: 100 });
  // What is under way still arrives.
  await sleep(20);
  assert.equal(await pings.replyAfter(Date.now(), 300), undefined);
  await wire.set({});
  assert.ok((await pings.replyAfter(Date.now(), 2000)) !== undefined);
});
