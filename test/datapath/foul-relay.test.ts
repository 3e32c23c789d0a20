/**
 * A member that carries others' frames can lose them, and nothing else: what it alters, repeats or replays
 * never comes out of a TAP.
 */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { capture } from '../scenarios/capture.ts';
import { NamespaceChain } from './namespace-chain.ts';
import { StaticPeerProcess } from './static-peer-process.ts';

const PINGS = 200;
/** Where an Ethernet frame has its source. */
const SOURCE = 6;

test('a relaying member that plays foul forges no frame, repeats none, and stops no flow', async () => {
  await using chain = await NamespaceChain.create(3);
  const node = (number: number) =>
    StaticPeerProcess.run(chain.at(number), script('chain-node.ts'), { number, of: 3 });
  const [a, b] = [await node(1), await node(3)];
  const relay = await StaticPeerProcess.run(chain.at(2), script('foul-relay.ts'), { seed: 14 });

  const directory = await mkdtemp(join(tmpdir(), 'evio-foul-'));
  try {
    const files = [1, 3].map(number => join(directory, `${number}.pcap`));
    const captures = await Promise.all(
      files.map((file, i) => capture(chain.at(1 + 2 * i), 'tap0', file, 'icmp')),
    );
    const ping = ['ping', '-c', `${PINGS}`, '-i', '0.01', '-W', '1', '-s', '300', '10.9.0.3'];
    const { stdout } = await chain.at(1).exec(ping, { check: false });
    for (const { stop } of captures) await stop();
    const answered = Number(/(\d+) received/.exec(stdout)?.[1]);
    // Four of six pass, on each way.
    assert.ok(answered > PINGS / 4 && answered < PINGS, stdout);
    assert.doesNotMatch(stdout, /duplicates|wrong data/);

    const [atA = [], atB = []] = await Promise.all(files.map(icmpFrames));
    const of = (frames: readonly string[], number: number): string[] =>
      frames.filter(frame => frame.startsWith(`02000000000${number}`, 2 * SOURCE));
    for (const { from, went, came } of [
      { from: 1, went: of(atA, 1), came: of(atB, 1) },
      { from: 3, went: of(atB, 3), came: of(atA, 3) },
    ]) {
      const genuine = new Set(went);
      assert.equal(genuine.size, went.length, 'no two frames that were sent are equal');
      assert.deepEqual(
        came.filter(frame => !genuine.has(frame)),
        [],
        `frames that ${from} never sent`,
      );
      assert.equal(new Set(came).size, came.length, `frames of ${from} that came twice`);
      assert.ok(came.length > went.length / 2, `${came.length} of ${went.length} from ${from}`);
    }
    assert.equal(of(atA, 1).length + of(atA, 3).length, atA.length, 'no other source');
    assert.equal(of(atB, 1).length + of(atB, 3).length, atB.length, 'no other source');
  } finally {
    await rm(directory, { recursive: true });
  }

  const did = (await relay.counters()) as unknown as Record<string, number>;
  for (const act of ['passed', 'altered', 'dropped', 'replayed']) {
    assert.ok((did[act] ?? 0) > 20, `${act}: ${did[act]}`);
  }
  const [inA, inB] = [await a.counters(), await b.counters()];
  assert.ok(inA.dropReplayed > 0 && inB.dropReplayed > 0);
  assert.ok(inA.dropForged > 0 && inB.dropForged > 0);

  relay.command('honest');
  const after = ['ping', '-c', '20', '-i', '0.01', '-W', '1', '10.9.0.3'];
  assert.match((await chain.at(1).exec(after)).stdout, / 0% packet loss/);
});

function script(name: string): string {
  return join(import.meta.dirname, name);
}

/** The frames in a capture file (pcap of this machine's byte order), in hex. */
async function icmpFrames(file: string): Promise<string[]> {
  const bytes = await readFile(file);
  const frames: string[] = [];
  for (let at = 24; at < bytes.length; ) {
    const length = bytes.readUInt32LE(at + 8);
    frames.push(bytes.toString('hex', at + 16, at + 16 + length));
    at += 16 + length;
  }
  return frames;
}
