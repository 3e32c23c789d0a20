import { randomBytes } from 'node:crypto';
import { daemonPair } from '../daemon-pair.ts';
import { debianVersion } from '../debian-version.ts';
import { type Peer, TUNNEL_MTU } from '../peer.ts';

const SUPERNODE_PORT = 7654;
const PORT = 7655;

/** n2n 1.3, as Debian has it: a layer-2 overlay by community and supernode. */
export const n2n: Peer = {
  name: 'n2n',
  configuration:
    'A TAP device, Twofish with one shared key (the only cipher of this version), a supernode on the left host; the edges talk to each other directly.',
  prepare: () => debianVersion('n2n'),
  install: (lab, left, right) => {
    const key = randomBytes(16).toString('hex');
    return daemonPair(lab, left, right, {
      product: 'n2n',
      net: '10.80.0',
      address: false,
      configure: async () => {},
      // An edge that finds no supernode asks again only much later.
      server: { argv: ['supernode', '-l', String(SUPERNODE_PORT)], udpPort: SUPERNODE_PORT },
      command: ({ index, device, address }) => [
        ...['edge', '-d', device, '-a', address, '-s', '255.255.255.0', '-c', 'bench'],
        ...['-k', key, '-l', `${left.address}:${SUPERNODE_PORT}`, '-p', String(PORT)],
        ...['-M', String(TUNNEL_MTU), '-m', `02:00:00:00:80:0${index + 1}`],
      ],
    });
  },
};
