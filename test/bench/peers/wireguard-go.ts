import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../lab/index.ts';
import { daemonPair, type End } from '../daemon-pair.ts';
import { newestPackage } from '../debian-package.ts';
import { DEVICE_PREFIX, type Peer } from '../peer.ts';

const PORT = 51820;
const PROGRAM = 'usr/bin/wireguard-go';

/** Where it makes its control sockets; two that start at once on a fresh machine may miss it. */
const SOCKETS = '/var/run/wireguard';

let program = PROGRAM;

/** The newest wireguard-go that Debian packages, in any suite. */
export const wireguardGo: Peer = {
  name: 'wireguard-go',
  configuration:
    'ChaCha20-Poly1305, a fixed endpoint, no keepalive; offloads of TUN and UDP are on, as they are by default. Its device would have an MTU of 1420 by itself.',
  prepare: async () => {
    const { version, root } = await newestPackage('wireguard-go', PROGRAM, ['--version']);
    program = join(root, PROGRAM);
    await mkdir(SOCKETS, { recursive: true, mode: 0o755 });
    return version;
  },
  install: (lab, left, right) =>
    daemonPair(lab, left, right, {
      product: 'wireguard-go',
      net: '10.77.0',
      // Its control socket is named after the device, in one place for all namespaces.
      device: index => `${DEVICE_PREFIX}${lab.id}${index}`,
      configure: async ends => {
        const [first, second] = [await keyPair(), await keyPair()];
        await Promise.all([write(ends[0], first, second), write(ends[1], second, first)]);
      },
      command: ({ device }) => [program, '--foreground', device],
      env: { LOG_LEVEL: 'error', WG_PROCESS_FOREGROUND: '1' },
      ready: async end => {
        const setconf = ['wg', 'setconf', end.device, configOf(end)];
        return (await end.host.exec(setconf, { check: false })).code === 0;
      },
    }),
};

interface KeyPair {
  readonly secret: string;
  readonly public: string;
}

async function keyPair(): Promise<KeyPair> {
  const secret = (await run(['wg', 'genkey'])).stdout.trim();
  return { secret, public: (await run(['wg', 'pubkey'], { input: secret })).stdout.trim() };
}

function configOf({ directory }: End): string {
  return join(directory, 'wg.conf');
}

async function write(end: End, own: KeyPair, other: KeyPair): Promise<void> {
  const text = `[Interface]
PrivateKey = ${own.secret}
ListenPort = ${PORT}
[Peer]
PublicKey = ${other.public}
Endpoint = ${end.other.address}:${PORT}
AllowedIPs = ${end.otherAddress}/32
`;
  await writeFile(configOf(end), text, { mode: 0o600 });
}
