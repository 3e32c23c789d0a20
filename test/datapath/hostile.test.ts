/**
 * What strangers and eavesdroppers can do to a live link: nothing but be counted.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { firstLine } from '../lab/lines.ts';
import { NamespacePair } from './namespace-pair.ts';
import { StaticPeerProcess } from './static-peer-process.ts';

/** Resident memory of a process in KiB. */
function residentKiB(pid: number | undefined): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]);
}

/** Both peers, in one namespace each; `via` is the port on 192.0.2.2 or .1 that they send to. */
async function startPeers(pair: NamespacePair, port: number) {
  const b = await StaticPeerProcess.start(pair.b, {
    port: 4000,
    tap: 'tap0',
    address: '10.9.0.2/24',
    remote: port === 4000 ? '192.0.2.1:4000' : `192.0.2.2:${port}`,
    role: 'responder',
  });
  const a = await StaticPeerProcess.start(pair.a, {
    port: 4000,
    tap: 'tap0',
    address: '10.9.0.1/24',
    remote: `192.0.2.2:${port}`,
    role: 'initiator',
  });
  await b.next('established');
  return { a, b };
}

test('a million random datagrams do a live link no harm', async () => {
  await using pair = await NamespacePair.create();
  const { b } = await startPeers(pair, 4000);
  const flood = (count: number) =>
    pair.a.exec(
      [
        process.execPath,
        join(import.meta.dirname, 'flood.ts'),
        '192.0.2.2',
        '4000',
        `${count}`,
        `${0x22222222}`,
      ],
      { timeoutMs: 120_000 },
    );
  await flood(50_000);
  const before = residentKiB(b.child.pid);
  const ping = pair.a.exec(['ping', '-c', '40', '-i', '0.1', '-W', '2', '10.9.0.2']);
  await flood(1_000_000);
  const { stdout } = await ping;
  const counters = await b.counters();
  assert.match(stdout, / 0% packet loss/);
  const grown = residentKiB(b.child.pid) - before;
  assert.ok(grown < 16 * 1024, `grew by ${grown} KiB`);
  const received = counters.rxDatagrams;
  assert.ok(received > 900_000, `only ${received} came through the socket`);
  assert.ok(counters.dropForged > 20_000);
  assert.ok(counters.dropUnknownType > 50_000);
});

test('a replayed stream and forged datagrams are dropped, and the link lives on', async () => {
  await using pair = await NamespacePair.create();
  const relay = pair.b.spawn(
    [
      process.execPath,
      join(import.meta.dirname, 'relay.ts'),
      '5000',
      '192.0.2.1:4000',
      '192.0.2.2:4000',
    ],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  await firstLine(relay, 'the relay');
  const { a, b } = await startPeers(pair, 5000);
  const ping = ['ping', '-c', '50', '-i', '0.01', '10.9.0.2'];
  assert.match((await pair.a.exec(ping)).stdout, / 0% packet loss/);

  const frames = (await b.peerCounters()).rxFrames;
  const command = async (line: string): Promise<number> => {
    const answer = firstLine(relay, 'the relay');
    relay.stdin?.write(`${line}\n`);
    return Number((await answer).split(' ')[1]);
  };
  const replayed = await command('replay');
  assert.ok(replayed >= 100);
  const after = await b.counters();
  assert.equal((await b.peerCounters()).rxFrames, frames);
  assert.equal(after.dropReplayed + (await a.counters()).dropReplayed, replayed);
  await command('forge');
  assert.equal((await b.peerCounters()).rxFrames, frames);
  const again = await pair.a.exec(ping);
  assert.match(again.stdout, / 0% packet loss/);
  assert.doesNotMatch(again.stdout, /duplicates/);
});
