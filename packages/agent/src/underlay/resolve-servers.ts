import { lookup as lookupName } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { IceServer } from '@evio/traversal';
import { EvioError } from '@evio/types';

/** A STUN or TURN server by name, as the configuration or XEP-0215 gives it. */
export interface NamedServer {
  readonly kind: 'stun' | 'turn';
  readonly transport: 'udp' | 'tcp' | 'tls';
  /** Host name or IP address. */
  readonly host: string;
  readonly port: number;
  readonly username?: string;
  readonly credential?: string;
  /** When the credential ends, milliseconds since 1970. */
  readonly expiresAt?: number;
}

/** All addresses of a host name. */
export type LookUp = (host: string) => Promise<readonly string[]>;

const lookUpAll: LookUp = async host => {
  const found = await lookupName(host, { all: true });
  return found.map(({ address }) => address);
};

/**
 * Gives each server its addresses: one entry per address, since a host may reach only one family.
 *
 * @param now monotonic milliseconds that `expiresAt` of the result counts in.
 * @returns the servers found, and an error `SERVER_UNKNOWN` for each name that was not.
 */
export async function resolveServers(
  servers: readonly NamedServer[],
  now: number,
  lookUp: LookUp = lookUpAll,
): Promise<{ servers: IceServer[]; errors: EvioError[] }> {
  const errors: EvioError[] = [];
  const hosts = new Map<string, readonly string[]>();
  await Promise.all(
    [...new Set(servers.map(({ host }) => host))].map(async host => {
      try {
        hosts.set(host, isIP(host) === 0 ? await lookUp(host) : [host]);
      } catch (cause) {
        const message = `the address of the STUN/TURN server ${host} was not found`;
        errors.push(new EvioError('SERVER_UNKNOWN', message, { cause }));
      }
    }),
  );
  const offset = now - Date.now();
  const resolved = servers.flatMap(({ host, port, expiresAt, ...server }) =>
    (hosts.get(host) ?? []).map(
      (address): IceServer => ({
        ...server,
        endpoint: { address, port },
        serverName: host,
        ...(expiresAt !== undefined && { expiresAt: expiresAt + offset }),
      }),
    ),
  );
  return { servers: resolved, errors };
}
