import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { run } from '../../lab/index.ts';
import { daemonPair, type End } from '../daemon-pair.ts';
import { newestPackage } from '../debian-package.ts';
import { type Peer, TUNNEL_MTU } from '../peer.ts';

const PORT = 4242;
const PROGRAM = 'usr/bin/nebula';

let root = '/';

/** The newest nebula that Debian packages, in any suite. */
export const nebula: Peer = {
  name: 'nebula',
  configuration:
    "AES-256-GCM, each end with the other's fixed address and no lighthouse, batches of 64, socket buffers of 10 MB, one routine (its default), firewall open.",
  prepare: async () => {
    const found = await newestPackage('nebula', PROGRAM, ['-version']);
    root = found.root;
    return found.version;
  },
  install: (lab, left, right) =>
    daemonPair(lab, left, right, {
      product: 'nebula',
      net: '10.78.0',
      address: false,
      configure: async ends => {
        const authority = join(ends[0].directory, 'ca');
        const tool = join(root, 'usr/bin/nebula-cert');
        const files = (stem: string) => ['-out-crt', `${stem}.crt`, '-out-key', `${stem}.key`];
        await run([tool, 'ca', '-name', 'bench', ...files(authority)]);
        const signer = ['-ca-crt', `${authority}.crt`, '-ca-key', `${authority}.key`];
        for (const { index, address, directory } of ends) {
          const identity = ['-name', `end${index}`, '-ip', `${address}/24`];
          await run([tool, 'sign', ...signer, ...identity, ...files(join(directory, 'host'))]);
        }
        await Promise.all(ends.map(end => writeFile(configOf(end), config(end, authority))));
      },
      command: end => [join(root, PROGRAM), '-config', configOf(end)],
    }),
};

function configOf({ directory }: End): string {
  return join(directory, 'nebula.yaml');
}

function config(end: End, authority: string): string {
  return stringify({
    pki: {
      ca: `${authority}.crt`,
      cert: join(end.directory, 'host.crt'),
      key: join(end.directory, 'host.key'),
    },
    static_host_map: { [end.otherAddress]: [`${end.other.address}:${PORT}`] },
    lighthouse: { am_lighthouse: false, hosts: [] },
    listen: {
      host: '0.0.0.0',
      port: PORT,
      batch: 64,
      read_buffer: 10_485_760,
      write_buffer: 10_485_760,
    },
    punchy: { punch: false },
    cipher: 'aes',
    tun: { dev: end.device, mtu: TUNNEL_MTU, tx_queue: 1000 },
    logging: { level: 'error' },
    firewall: {
      outbound: [{ port: 'any', proto: 'any', host: 'any' }],
      inbound: [{ port: 'any', proto: 'any', host: 'any' }],
    },
  });
}
