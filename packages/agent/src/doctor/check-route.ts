import { z } from 'zod';
import type { RunCommand } from '../system/index.ts';
import type { CheckResult } from './check-result.ts';

/**
 * Bytes around an IP packet of the overlay on the underlay: Ethernet header 14, record header 4,
 * transport header 16, tag 16 (docs/protocol.md), UDP 8, IPv6 40 (IPv4 has 20).
 */
const OVERHEAD = { 4: 14 + 4 + 16 + 16 + 8 + 20, 6: 14 + 4 + 16 + 16 + 8 + 40 } as const;

const Routes = z.array(z.object({ dev: z.string().optional() }));
const Links = z.array(z.object({ mtu: z.number() }));

async function ip(run: RunCommand, args: readonly string[]): Promise<unknown> {
  const { code, stdout } = await run('ip', ['-json', ...args]);
  return code === 0 && stdout.trim() !== '' ? JSON.parse(stdout) : [];
}

/**
 * The default routes and whether a whole overlay packet fits their devices.
 *
 * @param overlayMtu largest `interface.mtu` of the configuration, in bytes.
 */
export async function checkRoutes(run: RunCommand, overlayMtu: number): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const family of [4, 6] as const) {
    const id = `route ipv${family}`;
    const title = `Default route, IPv${family}`;
    const routes = Routes.parse(await ip(run, [`-${family}`, 'route', 'show', 'default']));
    const device = routes.find(({ dev }) => dev !== undefined)?.dev;
    if (device === undefined) {
      if (family === 4) {
        const finding = 'there is none: only hosts of this network can be reached';
        const mend = 'add one, unless all members are on this network: ip route add default via …';
        results.push({ id, title, state: 'uneasy', finding, mend });
      }
      continue;
    }
    const mtu = Links.parse(await ip(run, ['link', 'show', 'dev', device]))[0]?.mtu;
    if (mtu === undefined) {
      results.push({ id, title, state: 'unknown', finding: `the MTU of ${device} is not known` });
      continue;
    }
    const room = mtu - OVERHEAD[family];
    results.push(
      room >= overlayMtu
        ? { id, title, state: 'fine', finding: `${device}, MTU ${mtu}` }
        : {
            id,
            title,
            state: 'uneasy',
            finding: `${device} has MTU ${mtu}: overlay packets above ${room} bytes travel in two parts`,
            mend: `set interface.mtu to ${room} on all members, for speed`,
          },
    );
  }
  return results;
}
