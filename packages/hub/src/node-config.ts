import { isIPv6 } from 'node:net';
import { stringify } from 'yaml';
import { parsePool } from './address-pool.ts';
import type { HubSettings } from './settings.ts';

/** The XMPP service as nodes reach it: the hub's first address, or its domain. */
export function serviceUrl({ addresses, domain, ports }: HubSettings): string {
  const host = addresses[0] ?? domain;
  return `xmpps://${isIPv6(host) ? `[${host}]` : host}:${ports.xmpps}`;
}

/** The node's address in an overlay, with the length of the pool's prefix. */
export function overlayAddress(
  settings: HubSettings,
  node: string,
  overlay: string,
): string | undefined {
  const address = settings.nodes[node]?.[overlay];
  const pool = settings.overlays.find(({ name }) => name === overlay)?.pool;
  if (address === undefined || pool === undefined) return undefined;
  return `${address}/${parsePool(pool).prefix}`;
}

/**
 * The `evio.yaml` of a node, without our header. Its paths are relative, which the agent reads as
 * relative to the file: the folder works where it is and when it is copied to `/etc/evio`.
 */
export function renderNodeConfig(settings: HubSettings, node: string): string {
  const overlays = settings.overlays.flatMap(({ name }) => {
    const address = overlayAddress(settings, node, name);
    return address === undefined ? [] : [{ name, address }];
  });
  return stringify(
    {
      name: node,
      overlays: overlays.map(({ name, address }, index) => ({
        name,
        xmpp: {
          jid: `${node}@${settings.domain}`,
          password_file: 'password',
          service: serviceUrl(settings),
          ca: 'ca.pem',
        },
        interface: { name: `evio${index}`, address: [address] },
      })),
    },
    { lineWidth: 0 },
  );
}
