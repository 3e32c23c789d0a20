/**
 * A program for tests: one node of a namespace-chain.ts, a datapath with fixed keys and tables and no
 * signaling. Neighbours in the chain have a direct path, all others an overlay path.
 *
 *   node chain-node.ts '{"number":1,"of":3}'
 *
 * Its TAP is tap0 with 10.9.0.NUMBER, with "ipv6" also fd00::NUMBER. Prints JSON lines as static-peer.ts does. Lines of its standard input
 * are commands: `counters`, `peer NUMBER`, `probe NUMBER TOKEN BYTES`, `handshake NUMBER`, `owner MAC` (the
 * number of the node that it is behind, 0: none).
 */
import { execFileSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { Datapath, type PeerHandle } from '@evio/datapath';
import type { Mac } from '@evio/types';
import { keyOf, sessionIndex } from './chain-keys.ts';
import { idOf } from './node-ids.ts';

/** What the program is told. */
export interface ChainNodeOptions {
  readonly number: number;
  readonly of: number;
  readonly ipv6?: boolean;
  /** Of direct paths, in bytes; overlay paths get what fits in. */
  readonly pathMtu?: number;
}

const PORT = 4000;
/** What a forward record takes of a hop's datagram. */
const FORWARD_OVERHEAD = 76;
const HANDSHAKE = Buffer.alloc(100, 0xc1);

const {
  number,
  of,
  ipv6 = false,
  pathMtu = 1472,
} = JSON.parse(process.argv[2] ?? '{}') as ChainNodeOptions;

const print = (line: object) =>
  console.log(
    JSON.stringify(line, (_, value) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
    ),
  );
const macOf = (node: number) => `02:00:00:00:00:0${node}` as Mac;

const datapath = Datapath.open({ port: PORT, ipv6: false });
datapath.events.subscribe(event => {
  if (event.type !== 'mac') print(event);
});
const { overlay, mac } = datapath.openTap({
  name: 'tap0',
  mtu: 1400,
  mac: macOf(number),
  id: idOf(number),
});
execFileSync('ip', ['link', 'set', 'tap0', 'up']);
execFileSync('ip', ['addr', 'replace', `10.9.0.${number}/24`, 'dev', 'tap0']);
if (ipv6) execFileSync('ip', ['addr', 'replace', `fd00::${number}/64`, 'dev', 'tap0', 'nodad']);

const peers = new Map<number, PeerHandle>();
for (let other = 1; other <= of; other += 1) {
  if (other === number) continue;
  const peer = datapath.addPeer(overlay, idOf(other));
  peers.set(other, peer);
  datapath.learn(overlay, macOf(other), peer);
  datapath.learnAddress(overlay, `10.9.0.${other}`, macOf(other));
  datapath.learnAddress(overlay, `fd00::${other}`, macOf(other));
  datapath.addSession(peer, {
    localIndex: sessionIndex(number, other),
    remoteIndex: sessionIndex(other, number),
    sendKey: keyOf(number, other),
    receiveKey: keyOf(other, number),
    cipher: 'aes-256-gcm',
    role: 'initiator',
  });
}
const peerOf = (other: number): PeerHandle => {
  const peer = peers.get(other);
  if (peer === undefined) throw new RangeError(`no peer ${other}`);
  return peer;
};

const linked = [number - 1, number + 1].filter(other => peers.has(other));
for (const other of linked) {
  const wire = Math.min(number, other);
  const remote = { address: `192.0.${wire}.${other > number ? 2 : 1}`, port: PORT };
  datapath.setPath(peerOf(other), { kind: 'direct', remote });
  datapath.setPathMtu(peerOf(other), pathMtu);
}
const routes = linked.flatMap(via =>
  [via - 1, via, via + 1]
    .filter(point => peers.has(point))
    .map(point => ({ id: idOf(point), nextHop: peerOf(via) })),
);
datapath.setRoutes(overlay, routes);
const neighbours = linked.map(other => ({ id: idOf(other), peer: peerOf(other), carries: true }));
// The ends of the row are each other's neighbours on the ring: their part is handed over.
const successor = (number % of) + 1;
const [through] = linked;
if (!linked.includes(successor) && through !== undefined) {
  neighbours.push({ id: idOf(successor), peer: peerOf(through), carries: true });
}
datapath.setNeighbours(overlay, neighbours);
for (const [other, peer] of peers) {
  if (linked.includes(other)) continue;
  datapath.setPath(peer, { kind: 'overlay' });
  datapath.setPathMtu(peer, pathMtu - FORWARD_OVERHEAD);
}
print({ type: 'ready', port4: datapath.port4, mac });

createInterface({ input: process.stdin }).on('line', line => {
  const [command, ...words] = line.split(' ');
  const [to = 0, token = 0, bytes = 0] = words.map(Number);
  switch (command) {
    case 'counters':
      print({ type: 'counters', counters: datapath.counters() });
      break;
    case 'peer':
      print({ type: 'peer', ...datapath.peerCounters(peerOf(to)) });
      break;
    case 'probe':
      datapath.probe(peerOf(to), token, bytes);
      break;
    case 'owner': {
      const row = datapath.macTable(overlay).find(({ mac }) => mac === words[0]);
      const node = [...peers].find(([, peer]) => peer === row?.owner)?.[0];
      print({ type: 'owner', node: node ?? (row?.owner === 'local' ? number : 0) });
      break;
    }
    case 'handshake':
      datapath.send(HANDSHAKE, { kind: 'overlay', overlay, node: idOf(to) });
      break;
  }
});
