/**
 * A program for tests: number 2 of three in a namespace-chain.ts, a member with the keys of its own two
 * sessions that carries what the others send each other, and plays foul: it alters, cuts, drops, repeats
 * and replays. All else that comes (floods, echo) it ignores.
 *
 *   node foul-relay.ts '{"seed":1}'
 *
 * Prints JSON lines as static-peer.ts does. Lines of its standard input are commands: `counters` (how often it
 * did what), `honest` (from now on all is passed on as it is).
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { createInterface } from 'node:readline';
import { SeededRandom } from '../simulate/seeded-random.ts';
import { keyOf, sessionIndex } from './chain-keys.ts';

/** What the program is told. */
export interface FoulRelayOptions {
  readonly seed: number;
}

/** Docs: protocol.md, "Transport datagram" and "Forward". */
const HEADER = 16;
const TAG = 16;
const FORWARD = 4;
const FORWARD_HEADER = 40;
const SOURCE = 16;

const SELF = 2;
const PORT = 4000;
/** How many it remembers to replay, for each direction. */
const REMEMBERED = 200;
const ADDRESS: Readonly<Record<number, string>> = { 1: '192.0.1.1', 3: '192.0.2.2' };

const { seed } = JSON.parse(process.argv[2] ?? '{}') as FoulRelayOptions;
const random = new SeededRandom(seed);
const below = (count: number): number => random.below(count);

const counters = { carried: 0, passed: 0, altered: 0, dropped: 0, replayed: 0 };
const carried: Record<number, Buffer[]> = { 1: [], 3: [] };
const sent: Record<number, bigint> = { 1: 0n, 3: 0n };
let honest = false;

const socket = createSocket('udp4');
const print = (line: object): void => console.log(JSON.stringify(line));

function nonceOf(header: Buffer): Buffer {
  return Buffer.concat([Buffer.alloc(4), header.subarray(8, HEADER)]);
}

/** The records of a datagram of a neighbour. */
function opened(datagram: Buffer, from: number): Buffer {
  const header = datagram.subarray(0, HEADER);
  const cipher = createDecipheriv('aes-256-gcm', keyOf(from, SELF), nonceOf(header));
  cipher.setAAD(header);
  cipher.setAuthTag(datagram.subarray(-TAG));
  return Buffer.concat([cipher.update(datagram.subarray(HEADER, -TAG)), cipher.final()]);
}

/** Sends a forward record to a neighbour: properly sealed, whatever is in it. */
function send(to: number, body: Buffer): void {
  const header = Buffer.alloc(HEADER);
  header[0] = 0xc0;
  header.writeUInt32BE(sessionIndex(to, SELF), 4);
  const counter = sent[to] ?? 0n;
  header.writeBigUInt64BE(counter, 8);
  sent[to] = counter + 1n;
  const record = Buffer.from([FORWARD, 0, body.length >> 8, body.length & 0xff]);
  const cipher = createCipheriv('aes-256-gcm', keyOf(SELF, to), nonceOf(header));
  cipher.setAAD(header);
  const text = Buffer.concat([cipher.update(record), cipher.update(body), cipher.final()]);
  socket.send(Buffer.concat([header, text, cipher.getAuthTag()]), PORT, ADDRESS[to]);
}

/** A copy with a few bits of the end-to-end datagram flipped, cut, or under another name. */
function altered(body: Buffer): Buffer {
  counters.altered += 1;
  const copy = Buffer.from(body);
  switch (below(3)) {
    case 0:
      for (let flips = 1 + below(3); flips > 0; flips -= 1) {
        const at = FORWARD_HEADER + below(copy.length - FORWARD_HEADER);
        copy[at] = (copy[at] ?? 0) ^ (1 << below(8));
      }
      return copy;
    case 1:
      return copy.subarray(0, FORWARD_HEADER + 1 + below(copy.length - FORWARD_HEADER - 1));
    default:
      copy[SOURCE] = 1 + below(255);
      copy[FORWARD_HEADER + below(HEADER)] = below(256);
      return copy;
  }
}

function carry(to: number, body: Buffer): void {
  counters.carried += 1;
  const pass = (copy: Buffer): void => {
    counters.passed += 1;
    send(to, copy);
  };
  if (honest) {
    pass(body);
    return;
  }
  const before = carried[to] ?? [];
  before.push(body);
  if (before.length > REMEMBERED) before.shift();
  switch (below(6)) {
    case 0:
      counters.dropped += 1;
      break;
    case 1:
      send(to, altered(body));
      break;
    case 2:
      // The true one comes after.
      send(to, altered(body));
      pass(body);
      break;
    case 3:
      pass(body);
      send(to, body);
      counters.replayed += 1;
      break;
    case 4:
      pass(body);
      for (let again = 1 + below(4); again > 0; again -= 1) {
        const old = before[below(before.length)];
        if (old !== undefined) send(to, old);
        counters.replayed += 1;
      }
      break;
    default:
      pass(body);
  }
}

socket.on('message', (datagram, { address }) => {
  const from = address === ADDRESS[1] ? 1 : 3;
  if (datagram.length < HEADER + TAG || datagram[0] !== 0xc0) return;
  for (let rest = opened(datagram, from); rest.length >= 4 && rest[0] !== 0; ) {
    const end = 4 + rest.readUInt16BE(2);
    if (rest[0] === FORWARD) carry(4 - from, rest.subarray(4, end));
    rest = rest.subarray(end);
  }
});
socket.bind(PORT, () => print({ type: 'ready', mac: '' }));

createInterface({ input: process.stdin }).on('line', command => {
  if (command === 'honest') honest = true;
  print({ type: 'counters', counters });
});
