/**
 * A program for tests: sends bytes through TCP, or answers UDP, and says what came.
 *
 *   node transfer.ts receive PORT          prints `listening`, then `BYTES SHA256` of one connection
 *   node transfer.ts send ADDRESS PORT BYTES   prints `BYTES SHA256` of what it sent
 *   node transfer.ts echo ADDRESS PORT     prints `listening`, sends each datagram back
 *   node transfer.ts ask ADDRESS PORT SIZE…    sends one datagram of each size, prints those that came
 *                                          back byte for byte
 */
import { createHash, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, isIPv6 } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const [what, ...words] = process.argv.slice(2);

async function receive(port: number): Promise<void> {
  const server = createServer({ allowHalfOpen: false });
  server.listen(port, () => console.log('listening'));
  const [socket] = await once(server, 'connection');
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of socket) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  console.log(`${bytes} ${hash.digest('hex')}`);
  server.close();
}

async function send(address: string, port: number, bytes: number): Promise<void> {
  const socket = connect({ host: address, port });
  await once(socket, 'connect');
  const hash = createHash('sha256');
  for (let left = bytes; left > 0; ) {
    const chunk = randomBytes(Math.min(left, 1 << 20));
    hash.update(chunk);
    left -= chunk.length;
    if (!socket.write(chunk)) await once(socket, 'drain');
  }
  socket.end();
  await once(socket, 'close');
  console.log(`${bytes} ${hash.digest('hex')}`);
}

function socketFor(address: string) {
  return createSocket(isIPv6(address) ? 'udp6' : 'udp4');
}

async function ask(address: string, port: number, sizes: number[]): Promise<void> {
  const socket = socketFor(address);
  const waiting = new Map<string, number>();
  const back: number[] = [];
  socket.on('message', message => {
    const size = waiting.get(message.toString('base64'));
    if (size !== undefined) back.push(size);
  });
  for (const size of sizes) {
    const message = randomBytes(size);
    waiting.set(message.toString('base64'), size);
    socket.send(message, port, address);
    await sleep(2);
  }
  for (let i = 0; i < 50 && back.length < sizes.length; ++i) await sleep(20);
  socket.close();
  console.log(back.sort((x, y) => x - y).join(' '));
}

switch (what) {
  case 'receive':
    await receive(Number(words[0]));
    break;
  case 'send':
    await send(words[0] ?? '', Number(words[1]), Number(words[2]));
    break;
  case 'echo': {
    const socket = socketFor(words[0] ?? '');
    socket.on('message', (message, { address, port }) => socket.send(message, port, address));
    socket.bind(Number(words[1]), () => console.log('listening'));
    break;
  }
  case 'ask':
    await ask(words[0] ?? '', Number(words[1]), words.slice(2).map(Number));
    break;
}
