/**
 * A program for tests: a datapath with one TAP and one peer under fixed keys, no signaling.
 *
 *   node static-peer.ts '{"port":4000,"tap":"t0","address":"10.9.0.1/24","remote":"192.0.2.2:4000",…}'
 *
 * Prints one JSON line per event (but `mac` and `datagram`), and `{"type":"ready",…}` when it runs. Lines of its
 * standard input are commands: `counters`, `peer`, `macs`, `probe TOKEN BYTES`, `control HEX`.
 */
import { execFileSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { type Cipher, Datapath } from '@evio/datapath';
import { parseEndpoint } from '@evio/types';
import { idOf } from './node-ids.ts';

/** What the program is told. */
export interface StaticPeerOptions {
  readonly port: number;
  readonly tap: string;
  readonly mtu?: number;
  /** CIDR of the TAP; absent: the TAP gets none and stays down. */
  readonly address?: string;
  readonly remote: string;
  readonly pathMtu?: number;
  /** The sides have different roles; the indexes and keys follow from them. */
  readonly role: 'initiator' | 'responder';
  readonly cipher?: Cipher;
}

const options = JSON.parse(process.argv[2] ?? '{}') as StaticPeerOptions;
const first = options.role === 'initiator';
const key = (fill: number) => new Uint8Array(32).fill(fill);

const print = (line: object) =>
  console.log(
    JSON.stringify(line, (_, value) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
    ),
  );

const datapath = Datapath.open({ port: options.port });
datapath.events.subscribe(event => {
  if (event.type !== 'mac' && event.type !== 'datagram') print(event);
});
const { overlay, name, mac } = datapath.openTap({
  name: options.tap,
  mtu: options.mtu ?? 1400,
  id: idOf(first ? 1 : 2),
});
execFileSync('ip', ['link', 'set', name, 'up']);
if (options.address !== undefined) {
  execFileSync('ip', ['addr', 'replace', options.address, 'dev', name]);
}
const peer = datapath.addPeer(overlay, idOf(first ? 2 : 1));
datapath.setPath(peer, { kind: 'direct', remote: parseEndpoint(options.remote) });
if (options.pathMtu !== undefined) datapath.setPathMtu(peer, options.pathMtu);
datapath.addSession(peer, {
  localIndex: first ? 0x11111111 : 0x22222222,
  remoteIndex: first ? 0x22222222 : 0x11111111,
  sendKey: key(first ? 1 : 2),
  receiveKey: key(first ? 2 : 1),
  cipher: options.cipher ?? 'aes-256-gcm',
  role: options.role,
});
print({ type: 'ready', port4: datapath.port4, port6: datapath.port6, mac });

createInterface({ input: process.stdin }).on('line', line => {
  const [command, ...words] = line.split(' ');
  switch (command) {
    case 'counters':
      print({ type: 'counters', counters: datapath.counters() });
      break;
    case 'peer':
      print({ type: 'peer', ...datapath.peerCounters(peer) });
      break;
    case 'macs':
      print({ type: 'macs', macs: datapath.macTable(overlay) });
      break;
    case 'probe':
      datapath.probe(peer, Number(words[0]), Number(words[1]));
      break;
    case 'control':
      datapath.sendControl(peer, Buffer.from(words[0] ?? '', 'hex'));
      break;
  }
});
