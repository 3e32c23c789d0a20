import xml, { type Element } from '@xmpp/xml';
import { MAX_SERVICES } from './limits.ts';
import { NS_EXTDISCO } from './namespaces.ts';

/** A STUN or TURN server that our XMPP server offers (XEP-0215). */
export interface RawIceServer {
  readonly kind: 'stun' | 'turn';
  /** How to reach it; `tls` is TLS over TCP. */
  readonly transport: 'udp' | 'tcp' | 'tls';
  /** IP address or host name. */
  readonly host: string;
  readonly port: number;
  readonly username?: string;
  readonly credential?: string;
  /** When the credential ends, in milliseconds since 1970 (`Date.now()`). */
  readonly expiresAt?: number;
}

/** The query for all services (XEP-0215 §3.1). */
export function servicesQuery(): Element {
  return xml('services', { xmlns: NS_EXTDISCO });
}

/** The query for the credentials of one service that is offered without (XEP-0215 §3.3). */
export function credentialsQuery({ attrs }: Element): Element {
  const { type, host, port } = attrs;
  return xml('credentials', { xmlns: NS_EXTDISCO }, xml('service', { type, host, port }));
}

/** The services of an answer that need credentials and have none. */
export function withoutCredentials(services: Element | undefined): Element[] {
  return (services?.getChildren('service', NS_EXTDISCO) ?? [])
    .slice(0, MAX_SERVICES)
    .filter(({ attrs }) => {
      const restricted = attrs.restricted === 'true' || attrs.restricted === '1';
      return (restricted || attrs.type?.startsWith('turn')) && attrs.username === undefined;
    })
    .slice(0, 8);
}

function text(value: string | undefined): string | undefined {
  return value !== undefined && value.length >= 1 && value.length <= 512 ? value : undefined;
}

/** Reads one `<service/>`; undefined when we cannot use it. */
function serverFrom({ attrs }: Element): RawIceServer | undefined {
  const match = /^(stun|turn)(s?)$/.exec(attrs.type ?? '');
  if (match === null) return undefined;
  const secure = match[2] === 's';
  const over = attrs.transport ?? (secure ? 'tcp' : 'udp');
  // TURN over DTLS exists, but we have no DTLS.
  if ((over !== 'udp' && over !== 'tcp') || (secure && over === 'udp')) return undefined;
  const host = attrs.host ?? '';
  if (!/^[A-Za-z0-9._:-]{1,255}$/.test(host)) return undefined;
  const port = Number(attrs.port ?? (secure ? 5349 : 3478));
  if (!Number.isInteger(port) || port < 1 || port > 65_535) return undefined;
  const username = text(attrs.username);
  const credential = text(attrs.password);
  const expiresAt = Date.parse(attrs.expires ?? '');
  return {
    kind: match[1] === 'turn' ? 'turn' : 'stun',
    transport: secure ? 'tls' : over,
    host,
    port,
    ...(username !== undefined && credential !== undefined && { username, credential }),
    ...(Number.isFinite(expiresAt) && { expiresAt }),
  };
}

function place({ kind, transport, host, port }: RawIceServer): string {
  return `${kind} ${transport} ${host} ${port}`;
}

/** Reads the `<services/>` or `<credentials/>` of an answer; what we cannot use is left out. */
export function serversFrom(services: Element | undefined): RawIceServer[] {
  return (services?.getChildren('service', NS_EXTDISCO) ?? [])
    .slice(0, MAX_SERVICES)
    .map(serverFrom)
    .filter(server => server !== undefined);
}

/** Adds servers to a list; one of the same place is replaced. */
export function mergeServers(
  servers: readonly RawIceServer[],
  changes: readonly RawIceServer[],
): RawIceServer[] {
  const merged = new Map(servers.map(server => [place(server), server]));
  for (const server of changes) merged.set(place(server), server);
  return [...merged.values()].slice(0, MAX_SERVICES);
}

/** Applies a pushed `<services/>` (XEP-0215 §3.2), whose items say `add`, `modify` or `delete`. */
export function applyPush(servers: readonly RawIceServer[], services: Element): RawIceServer[] {
  let result = [...servers];
  for (const service of services.getChildren('service', NS_EXTDISCO).slice(0, MAX_SERVICES)) {
    const server = serverFrom(service);
    if (server === undefined) continue;
    if (service.attrs.action === 'delete') {
      result = result.filter(other => place(other) !== place(server));
    } else {
      result = mergeServers(result, [server]);
    }
  }
  return result;
}

/** Ask again: after failure, at the earliest, and at the latest. Milliseconds. */
export const REFRESH = { failedMs: 60_000, leastMs: 10_000, mostMs: 3_600_000 } as const;

/**
 * How long until the services are asked for again, in milliseconds: when three quarters of the
 * shortest life of a credential are over, so that a day's credential leaves hours to be renewed.
 *
 * @param wallNow milliseconds since 1970
 */
export function refreshDelay(servers: readonly RawIceServer[], wallNow: number): number {
  const lives = servers.flatMap(({ expiresAt }) => (expiresAt ? [expiresAt - wallNow] : []));
  const shortest = Math.min(...lives, (REFRESH.mostMs * 4) / 3);
  return Math.max(REFRESH.leastMs, shortest * 0.75);
}
