import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Host, type Lab, run } from '../../lab/index.ts';
import { newestPackage } from '../debian-package.ts';
import type { Peer } from '../peer.ts';

const PORT = 51820;
const ADDRESSES = ['10.77.0.1', '10.77.0.2'] as const;

let program = 'wireguard-go';

/** The newest wireguard-go that Debian packages, in any suite. */
export const wireguardGo: Peer = {
  name: 'wireguard-go',
  prepare: async warn => {
    try {
      const { version, root } = await newestPackage('wireguard-go', 'usr/bin/wireguard-go', [
        '--version',
      ]);
      program = join(root, 'usr/bin/wireguard-go');
      return version;
    } catch (error) {
      warn(
        `no newer wireguard-go could be fetched: ${error instanceof Error ? error.message : error}`,
      );
      warn('measuring against the old one of this Debian release');
      const install = [
        'apt-get',
        'install',
        '-y',
        '-qq',
        '--no-install-recommends',
        'wireguard-go',
      ];
      await run(install, { timeoutMs: 120_000, env: { DEBIAN_FRONTEND: 'noninteractive' } });
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is dpkg-query's own placeholder.
      const query = ['dpkg-query', '-W', '-f', '${Version}', 'wireguard-go'];
      return `${(await run(query)).stdout} (not the newest)`;
    }
  },
  start: async (lab, left, right) => {
    const keys = await Promise.all([keyPair(), keyPair()]);
    const ends = [
      { host: left, own: keys[0], other: keys[1], to: right, address: 0 },
      { host: right, own: keys[1], other: keys[0], to: left, address: 1 },
    ] as const;
    const pids = await Promise.all(ends.map(end => startEnd(lab, end)));
    const { ok } = await left.ping(ADDRESSES[1], { timeoutMs: 10_000 });
    if (!ok) throw new Error('wireguard-go: no ping came through');
    return { rightAddress: ADDRESSES[1], pids };
  },
};

interface KeyPair {
  readonly secret: string;
  readonly public: string;
}

async function keyPair(): Promise<KeyPair> {
  const secret = (await run(['wg', 'genkey'])).stdout.trim();
  return { secret, public: (await run(['wg', 'pubkey'], { input: secret })).stdout.trim() };
}

async function startEnd(
  lab: Lab,
  end: { host: Host; own: KeyPair; other: KeyPair; to: Host; address: 0 | 1 },
): Promise<number> {
  const { host, own, other, to } = end;
  // Its control socket is named after the interface, in one place for all namespaces.
  const name = `wg${lab.id}${end.address}`;
  const daemon = host.spawn([program, '--foreground', name], {
    stdio: 'ignore',
    env: { ...process.env, LOG_LEVEL: 'silent', WG_PROCESS_FOREGROUND: '1' },
  });
  if (daemon.pid === undefined) throw new Error('wireguard-go did not start');
  const folder = join(lab.directory, 'wireguard-go');
  await mkdir(folder, { recursive: true });
  const config = join(folder, name);
  await writeFile(
    config,
    `[Interface]
PrivateKey = ${own.secret}
ListenPort = ${PORT}
[Peer]
PublicKey = ${other.public}
Endpoint = ${to.address}:${PORT}
AllowedIPs = 10.77.0.0/24
`,
    { mode: 0o600 },
  );
  for (let tries = 0; ; tries += 1) {
    const { code, stderr } = await host.exec(['wg', 'setconf', name, config], { check: false });
    if (code === 0) break;
    if (tries === 100) throw new Error(`wireguard-go: ${stderr}`);
    await sleep(50);
  }
  // 1420 is what WireGuard itself chooses above an MTU of 1500.
  await host.namespace.ip([
    `address add ${ADDRESSES[end.address]}/24 dev ${name}`,
    `link set ${name} mtu 1420 up`,
  ]);
  return daemon.pid;
}
