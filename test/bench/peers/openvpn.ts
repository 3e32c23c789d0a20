import { join } from 'node:path';
import { run } from '../../lab/index.ts';
import { daemonPair, type End } from '../daemon-pair.ts';
import { debianVersion } from '../debian-version.ts';
import { type Peer, TUNNEL_MTU } from '../peer.ts';

const PORT = 1194;

/** OpenVPN in user space; the kernel here has no data channel offload. */
export const openvpn: Peer = {
  name: 'openvpn',
  configuration:
    'TLS between two peers over UDP, AES-256-GCM, a TUN device with a queue of 1,000 packets, fast-io, socket buffers of 1 MB, no compression, no mssfix or fragment (nothing has to be cut).',
  prepare: () => debianVersion('openvpn'),
  install: async (lab, left, right) => {
    const fingerprints: string[] = [];
    return daemonPair(lab, left, right, {
      product: 'openvpn',
      net: '10.81.0',
      address: false,
      configure: async ends => {
        for (const { index, directory } of ends) fingerprints[index] = await identity(directory);
      },
      command: end => argv(end, fingerprints[1 - end.index] ?? ''),
    });
  },
};

/** Makes a key with a certificate; returns its fingerprint, by which the other end knows it. */
async function identity(directory: string): Promise<string> {
  const [key, certificate] = [join(directory, 'key.pem'), join(directory, 'certificate.pem')];
  await run([
    ...['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'],
    ...['-nodes', '-days', '30', '-subj', '/CN=bench', '-keyout', key, '-out', certificate],
  ]);
  const show = ['openssl', 'x509', '-noout', '-fingerprint', '-sha256', '-in', certificate];
  return (await run(show)).stdout.trim().replace(/^.*=/, '');
}

function argv(end: End, fingerprint: string): string[] {
  const { index, device, directory, host, other, address, otherAddress } = end;
  return [
    ...['openvpn', '--dev', device, '--dev-type', 'tun', '--ifconfig', address, otherAddress],
    ...['--proto', 'udp4', '--local', host.address, '--lport', String(PORT)],
    ...['--remote', other.address, String(PORT)],
    ...(index === 0 ? ['--tls-client'] : ['--tls-server', '--dh', 'none']),
    ...['--cert', join(directory, 'certificate.pem'), '--key', join(directory, 'key.pem')],
    ...['--peer-fingerprint', fingerprint],
    ...['--data-ciphers', 'AES-256-GCM', '--data-ciphers-fallback', 'AES-256-GCM'],
    ...['--tun-mtu', String(TUNNEL_MTU), '--txqueuelen', '1000', '--mssfix', '0', '--fast-io'],
    ...['--sndbuf', '1048576', '--rcvbuf', '1048576', '--verb', '1'],
  ];
}
