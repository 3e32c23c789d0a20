/**
 * A program for tests: two datapaths in one process, one of which reaches the other only through a
 * TURN server made here, which knows ChannelData and nothing else. Needs a namespace of its own.
 *
 *   node relayed-pair.ts udp|stream       prints what happened as one JSON line
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import {
  Datapath,
  type DatapathEvent,
  type Path,
  type SessionKeys,
  type Uplink,
} from '@evio/datapath';
import { filter, firstValueFrom, timeout } from 'rxjs';
import { idOf } from './node-ids.ts';

const ADDRESS = '127.0.0.1';
const CHANNEL = 0x4005;
const kind = process.argv[2];

function channelData(payload: Buffer): Buffer {
  const header = Buffer.alloc(4);
  header.writeUInt16BE(CHANNEL, 0);
  header.writeUInt16BE(payload.length, 2);
  return Buffer.concat([header, payload]);
}

/** Waits for an event of one type. */
function next<T extends DatapathEvent['type']>(datapath: Datapath, type: T) {
  return firstValueFrom(
    datapath.events.pipe(
      filter((event): event is Extract<DatapathEvent, { type: T }> => event.type === type),
      timeout(5000),
    ),
  );
}

function keys(first: boolean): SessionKeys {
  const key = (fill: number) => new Uint8Array(32).fill(fill);
  return {
    localIndex: first ? 1 : 2,
    remoteIndex: first ? 2 : 1,
    sendKey: key(first ? 1 : 2),
    receiveKey: key(first ? 2 : 1),
    cipher: 'aes-256-gcm',
    role: first ? 'initiator' : 'responder',
  };
}

const a = Datapath.open();
const b = Datapath.open();
const { port4 = 0 } = b;

// The relay: its client on one side, datagrams of the peer on the other.
const relayed = createSocket('udp4');
relayed.bind(0, ADDRESS);
await once(relayed, 'listening');
const toPeer = (message: Buffer) =>
  relayed.send(message.subarray(4, 4 + message.readUInt16BE(2)), port4, ADDRESS);
let uplink: Uplink;
let opened: DatapathEvent | undefined;
let client: Socket | undefined;
const server = createSocket('udp4');
const listener = createServer();
if (kind === 'stream') {
  listener.listen(0, ADDRESS);
  await once(listener, 'listening');
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new TypeError('no port');
  const stream = a.openStream({ remote: { address: ADDRESS, port: address.port } });
  uplink = { kind: 'stream', stream };
  const [[socket], event] = await Promise.all([once(listener, 'connection'), next(a, 'stream')]);
  opened = event;
  client = socket as Socket;
  let rest = Buffer.alloc(0);
  client.on('data', chunk => {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      const length = rest.length < 4 ? 0 : (4 + rest.readUInt16BE(2) + 3) & ~3;
      if (length === 0 || rest.length < length) return;
      toPeer(rest.subarray(0, length));
      rest = rest.subarray(length);
    }
  });
  relayed.on('message', payload => {
    const message = channelData(payload);
    client?.write(Buffer.concat([message, Buffer.alloc(-message.length & 3)]));
  });
} else {
  server.bind(0, ADDRESS);
  await once(server, 'listening');
  uplink = { kind: 'udp', server: { address: ADDRESS, port: server.address().port } };
  server.on('message', toPeer);
  relayed.on('message', payload => server.send(channelData(payload), a.port4 ?? 0, ADDRESS));
}

const remote = { address: ADDRESS, port: port4 };
a.bindChannel(uplink, CHANNEL, remote);
const path: Path = { kind: 'turn', uplink, channel: CHANNEL, remote };

// STUN from behind the relay comes up with the way back.
const stun = next(a, 'datagram');
b.send(new Uint8Array(20), { kind: 'direct', remote: relayed.address() });
const inner = await stun;
const back = next(b, 'datagram');
a.send(new Uint8Array(28), inner.via);
const answer = await back;

const peerOfA = a.addPeer(a.openTap({ name: 'tap0', mtu: 1400, id: idOf(1) }).overlay, idOf(2));
const peerOfB = b.addPeer(b.openTap({ name: 'tap1', mtu: 1400, id: idOf(2) }).overlay, idOf(1));
b.setPath(peerOfB, { kind: 'direct', remote: relayed.address() });
b.addSession(peerOfB, keys(false));
const established = next(b, 'established');
a.setPath(peerOfA, path);
a.addSession(peerOfA, keys(true));
await established;
const echoed = next(a, 'echo');
a.probe(peerOfA, 9, 1200);
const echo = await echoed;
const controlled = next(a, 'control');
b.sendControl(peerOfB, new Uint8Array(3000).fill(5));
const control = await controlled;

const closed = kind === 'stream' ? next(a, 'stream') : undefined;
client?.end();
console.log(
  JSON.stringify({
    opened,
    via: inner.via,
    answered: answer.bytes.length,
    echo: { token: echo.token, datagramBytes: echo.datagramBytes },
    control: control.bytes.length,
    path: a.peerCounters(peerOfA).path,
    closed: await closed,
    forged: a.counters().dropForged + b.counters().dropForged,
  }),
);
for (const socket of [relayed, server]) socket.close();
listener.close();
a.close();
b.close();
