import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Impairment, Lab, type LinkSpec, type UdpSocket } from './index.ts';

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

const isSorted = (list: number[]) => list.every((n, i) => i === 0 || n > (list[i - 1] ?? 0));

test('a clean wire passes everything in order, large TCP segments included', async () => {
  await using lab = await between({});
  assert.deepEqual(
    await arrivals(lab, 500),
    Array.from({ length: 500 }, (_, n) => n),
  );
  const server = lab.host('f').spawn(['iperf3', '-s', '-1'], { stdio: 'ignore' });
  const run = ['iperf3', '-c', lab.host('f').address, '-n', '20M', '-J'];
  let result = await lab.host('n').exec(run, { check: false });
  for (let tries = 0; result.code !== 0 && tries < 20; tries += 1) {
    result = await lab.host('n').exec(run, { check: false });
  }
  assert.equal(result.code, 0, result.stdout);
  server.kill('SIGKILL');
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
  const server = lab.host('f').spawn(['iperf3', '-s', '-1'], { stdio: 'ignore' });
  const run = ['iperf3', '-c', lab.host('f').address, '-t', '2', '-J'];
  let result = await lab.host('n').exec(run, { check: false });
  for (let tries = 0; result.code !== 0 && tries < 20; tries += 1) {
    result = await lab.host('n').exec(run, { check: false });
  }
  const report = JSON.parse(result.stdout) as {
    end: { sum_received: { bits_per_second: number } };
  };
  const mbps = report.end.sum_received.bits_per_second / 1e6;
  server.kill('SIGKILL');
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
