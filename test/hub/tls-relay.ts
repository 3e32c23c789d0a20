/**
 * A TURN client that knows just enough to get a relay over TLS and ask for permissions on it (RFC
 * 8656 §7, §9); coturn's own client picks old TLS versions at random, which our server refuses.
 *
 * Run inside a hub's network namespace: `tls-relay.ts HOST PORT USER PASSWORD CAFILE PEER…` prints
 * `{allocated, permissions: {PEER: errorCode | 0}}` as JSON.
 */
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type TLSSocket } from 'node:tls';

const COOKIE = 0x2112a442;
const ALLOCATE = 0x003;
const CREATE_PERMISSION = 0x008;
const SUCCESS = 0x100;
const USERNAME = 0x0006;
const MESSAGE_INTEGRITY = 0x0008;
const ERROR_CODE = 0x0009;
const XOR_PEER_ADDRESS = 0x0012;
const REALM = 0x0014;
const NONCE = 0x0015;
const REQUESTED_TRANSPORT = 0x0019;
const UDP = 17;

interface Answer {
  readonly success: boolean;
  readonly attributes: Map<number, Buffer>;
}

function attribute(type: number, value: Uint8Array): Buffer {
  const padded = Buffer.alloc(4 + Math.ceil(value.length / 4) * 4);
  padded.writeUInt16BE(type, 0);
  padded.writeUInt16BE(value.length, 2);
  padded.set(value, 4);
  return padded;
}

/** A request, with MESSAGE-INTEGRITY at its end when there is a key (RFC 8489 §14.5). */
function request(method: number, attributes: readonly Buffer[], key?: Buffer): Buffer {
  const body = Buffer.concat(attributes);
  const header = Buffer.alloc(20);
  header.writeUInt16BE(method, 0);
  header.writeUInt16BE(body.length + (key === undefined ? 0 : 24), 2);
  header.writeUInt32BE(COOKIE, 4);
  header.set(randomBytes(12), 8);
  const message = Buffer.concat([header, body]);
  if (key === undefined) return message;
  const mac = createHmac('sha1', key).update(message).digest();
  return Buffer.concat([message, attribute(MESSAGE_INTEGRITY, mac)]);
}

async function ask(socket: TLSSocket, message: Buffer): Promise<Answer> {
  socket.write(message);
  let bytes = Buffer.alloc(0);
  while (bytes.length < 20 || bytes.length < 20 + bytes.readUInt16BE(2)) {
    const [chunk] = await once(socket, 'data');
    bytes = Buffer.concat([bytes, chunk]);
  }
  const attributes = new Map<number, Buffer>();
  for (let at = 20; at + 4 <= bytes.length; ) {
    const length = bytes.readUInt16BE(at + 2);
    attributes.set(bytes.readUInt16BE(at), bytes.subarray(at + 4, at + 4 + length));
    at += 4 + Math.ceil(length / 4) * 4;
  }
  return { success: (bytes.readUInt16BE(0) & 0x110) === SUCCESS, attributes };
}

/** 0 for success, else the code of RFC 8489 §14.8. */
function errorCode({ success, attributes }: Answer): number {
  const value = attributes.get(ERROR_CODE);
  return success ? 0 : (value?.[2] ?? 0) * 100 + (value?.[3] ?? 0);
}

/** RFC 8489 §14.2, IPv4. */
function xorAddress(address: string): Buffer {
  const value = Buffer.from([0, 1, 0, 0, ...address.split('.').map(Number)]);
  value.writeUInt16BE(4000 ^ (COOKIE >>> 16), 2);
  value.writeUInt32BE((value.readUInt32BE(4) ^ COOKIE) >>> 0, 4);
  return value;
}

const [host = '', port = '', user = '', password = '', caFile = '', ...peers] =
  process.argv.slice(2);
// Without a server name: the certificate must be good for the address.
const socket = connect({ host, port: Number(port), ca: readFileSync(caFile) });
await once(socket, 'secureConnect');
const transport = attribute(REQUESTED_TRANSPORT, Uint8Array.of(UDP, 0, 0, 0));
const { attributes } = await ask(socket, request(ALLOCATE, [transport]));
const [realm, nonce] = [attributes.get(REALM), attributes.get(NONCE)];
if (realm === undefined || nonce === undefined) throw new Error('expected a challenge');
const key = createHash('md5').update(`${user}:${realm.toString()}:${password}`).digest();
const signed = [
  attribute(USERNAME, Buffer.from(user)),
  attribute(REALM, realm),
  attribute(NONCE, nonce),
];
const allocated = (await ask(socket, request(ALLOCATE, [transport, ...signed], key))).success;
const permissions: Record<string, number> = {};
for (const peer of peers) {
  const wanted = attribute(XOR_PEER_ADDRESS, xorAddress(peer));
  const answer = await ask(socket, request(CREATE_PERMISSION, [wanted, ...signed], key));
  permissions[peer] = errorCode(answer);
}
socket.destroy();
console.log(JSON.stringify({ allocated, permissions }));
