/**
 * A program for tests: a UDP relay in the middle of a link, that remembers what it carries.
 *
 *   node relay.ts PORT ADDRESS:PORT ADDRESS:PORT     between the two; prints `listening`
 *
 * Commands on its standard input, each answered by `done COUNT`: `replay` sends all again that it has
 * carried, in the same direction; `forge` does so with one bit flipped in each.
 */
import { createSocket } from 'node:dgram';
import { createInterface } from 'node:readline';
import { parseEndpoint } from '@evio/types';

const [port, ...ends] = process.argv.slice(2);
const [left, right] = ends.map(parseEndpoint);
if (left === undefined || right === undefined) throw new Error('expected two endpoints');
const socket = createSocket('udp4');
const carried: { bytes: Buffer; to: typeof left }[] = [];

socket.on('message', (bytes, from) => {
  const to = from.address === left.address && from.port === left.port ? right : left;
  carried.push({ bytes, to });
  socket.send(bytes, to.port, to.address);
});
socket.bind(Number(port), () => console.log('listening'));

createInterface({ input: process.stdin }).on('line', async command => {
  const copies = carried.map(({ bytes, to }) => ({ bytes: Buffer.from(bytes), to }));
  for (const { bytes, to } of copies) {
    const at = Math.floor(Math.random() * bytes.length);
    if (command === 'forge') bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(Math.random() * 8));
    await new Promise(resolve => socket.send(bytes, to.port, to.address, resolve));
  }
  console.log(`done ${copies.length}`);
});
