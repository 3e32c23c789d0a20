/**
 * Sends what no peer would: `node hostile-sender.ts ADDRESS PORT SAMPLES.json COUNT SEED`. With seed 0
 * it sends the samples (hex strings) in order, as they are; else they are mutated, cut, joined, or
 * replaced by noise under every first byte that a receiver tells apart.
 */
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';

const [address = '', port = '', file = '', count = '', seed = ''] = process.argv.slice(2);
const samples = (JSON.parse(readFileSync(file, 'utf8')) as string[]).map(hex =>
  Buffer.from(hex, 'hex'),
);
const total = Number(count);
/** STUN, ChannelData, ours (transport, handshakes, reserved), and bytes of nobody. */
const FIRST_BYTES = [0, 1, 0x40, 0x4f, 0xc0, 0xc0, 0xc1, 0xc2, 0xc3, 0xff, 0x20, 0x80];

/** xorshift32: the same seed sends the same datagrams. */
let state = Number(seed) | 0 || 1;
function below(bound: number): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % bound;
}

function noise(): Buffer {
  const bytes = Buffer.allocUnsafe(below(20) === 0 ? below(9000) : below(300));
  for (let i = 0; i < bytes.length; i += 1) bytes[i] = below(256);
  if (bytes.length > 0) bytes[0] = FIRST_BYTES[below(FIRST_BYTES.length)] ?? 0;
  return bytes;
}

function mutant(): Buffer {
  const bytes = Buffer.from(samples[below(samples.length)] ?? noise());
  for (let changes = below(8); changes > 0 && bytes.length > 0; changes -= 1) {
    // Mostly in the headers, where decisions are made.
    const place = below(below(2) === 0 ? Math.min(24, bytes.length) : bytes.length);
    bytes[place] = below(256);
  }
  const shape = below(10);
  if (shape === 0) return bytes.subarray(0, below(bytes.length + 1));
  if (shape === 1) return Buffer.concat([bytes, noise()]).subarray(0, 60_000);
  return bytes;
}

const socket = createSocket('udp4');
socket.connect(Number(port), address, () => send(0));
// The node answers nobody's noise, but the kernel may say that a port was closed for a moment.
socket.on('error', () => undefined);

function send(from: number): void {
  const until = Math.min(total, from + 200);
  for (let n = from; n < until; n += 1) {
    const whole = samples[n % samples.length];
    socket.send(seed === '0' && whole !== undefined ? whole : below(3) === 0 ? noise() : mutant());
  }
  if (until < total) socket.send(Buffer.of(0x20), () => setImmediate(send, until));
  else socket.close();
}
