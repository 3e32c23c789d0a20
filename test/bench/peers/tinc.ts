import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../lab/index.ts';
import { daemonPair, type End } from '../daemon-pair.ts';
import { debianVersion } from '../debian-version.ts';
import type { Peer } from '../peer.ts';

const PORT = 655;

/** tinc 1.0, as Debian has it. */
export const tinc: Peer = {
  name: 'tinc',
  configuration:
    'Router mode on a TUN device, its defaults AES-256-CBC and SHA-256, a replay window of 64 packets, socket buffers of 1 MB, no compression; either end connects to the other.',
  prepare: () => debianVersion('tinc'),
  install: (lab, left, right) =>
    daemonPair(lab, left, right, {
      product: 'tinc',
      net: '10.79.0',
      configure: async ends => {
        const hosts = await Promise.all(ends.map(write));
        for (const { directory } of ends) {
          await mkdir(join(directory, 'hosts'), { recursive: true });
          for (const [index, text] of hosts.entries()) {
            await writeFile(join(directory, 'hosts', `end${index}`), text);
          }
        }
      },
      command: ({ directory }) => [
        'tincd',
        '-D',
        '-c',
        directory,
        `--pidfile=${join(directory, 'pid')}`,
      ],
    }),
};

/** Writes what is the end's own; returns what the other one has to know of it. */
async function write({ index, host, address, directory, device }: End): Promise<string> {
  const [secret, open] = [join(directory, 'rsa_key.priv'), join(directory, 'rsa_key.pub')];
  await run(['openssl', 'genrsa', '-traditional', '-out', secret, '2048']);
  await run(['openssl', 'rsa', '-in', secret, '-RSAPublicKey_out', '-out', open]);
  const settings = `Name = end${index}
Mode = router
DeviceType = tun
Device = /dev/net/tun
Interface = ${device}
AddressFamily = ipv4
Port = ${PORT}
ReplayWindow = 64
UDPRcvBuf = 1048576
UDPSndBuf = 1048576
ConnectTo = end${1 - index}
`;
  await writeFile(join(directory, 'tinc.conf'), settings);
  return `Address = ${host.address}
Subnet = ${address}/32
Cipher = aes-256-cbc
Digest = sha256
Compression = 0
${await readFile(open, 'utf8')}`;
}
