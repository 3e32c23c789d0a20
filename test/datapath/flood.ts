/**
 * A program for tests: sends random datagrams, half of them with a first byte that the datapath looks
 * into, and some with a valid header.
 *
 *   node flood.ts ADDRESS PORT COUNT INDEX     INDEX: a receiver index in use; prints `done`
 */
import { randomFillSync } from 'node:crypto';
import { Datapath, type Via } from '@evio/datapath';

const [address = '', port, count, index] = process.argv.slice(2);
const datapath = Datapath.open();
const via: Via = { kind: 'direct', remote: { address, port: Number(port) } };
const noise = randomFillSync(new Uint8Array(1 << 20));
const pick = (below: number) => Math.floor(Math.random() * below);
const FIRST = [0x00, 0x01, 0x40, 0x4f, 0xc0, 0xc0, 0xc0, 0xc1, 0xc2, 0xff];

for (let i = 0; i < Number(count); ++i) {
  const length = i % 10 === 0 ? pick(1472) : pick(80);
  const start = pick(noise.length - 1500);
  const bytes = noise.slice(start, start + length);
  const first = FIRST[pick(FIRST.length)];
  if (i % 2 === 0 && length > 0 && first !== undefined) bytes[0] = first;
  if (i % 4 === 0 && length >= 16) {
    bytes.fill(0, 1, 4);
    bytes.fill(0, 8, 10); // a counter that a key may have
    new DataView(bytes.buffer).setUint32(4, Number(index));
  }
  datapath.send(bytes, via);
  // The receiver shares this machine's cores; what its socket cannot hold proves nothing.
  if (i % 500 === 0) await new Promise(resolve => setImmediate(resolve));
}
console.log('done');
datapath.close();
