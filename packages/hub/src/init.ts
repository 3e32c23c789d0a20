import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { EvioError } from '@evio/types';
import { parsePool, poolsOverlap } from './address-pool.ts';
import { ensureAuthority, ensureServerCertificate } from './certificates.ts';
import { isPrivate, renderCoturn } from './coturn-config.ts';
import { renderGroups } from './groups-file.ts';
import { GROUPS_LIVE_LUA } from './groups-live-module.ts';
import { type Layout, layoutOf } from './layout.ts';
import { withLock } from './lock.ts';
import { checkAddresses, checkDomain, checkOverlayName } from './names.ts';
import { writeNodeConfig } from './node-files.ts';
import { writeOwned } from './owned-file.ts';
import { renderProsody } from './prosody-config.ts';
import { type ServiceUser, serviceUser } from './service-user.ts';
import {
  DEFAULT_PORTS,
  type HubOverlay,
  type HubPorts,
  type HubSettings,
  readSettings,
  writeSettings,
} from './settings.ts';

/** What `evio hub init` is given. What is left out keeps its value, or takes the default. */
export interface HubInit {
  readonly dir: string;
  /** XMPP domain; can't change later, for it is part of every account. */
  readonly domain: string;
  /** IP addresses by which nodes reach the hub; none: by the domain's DNS records. */
  readonly addresses?: readonly string[];
  /** IP addresses to bind, when they are others than `addresses` (1:1 NAT); paired by position. */
  readonly listen?: readonly string[];
  /** `NAME` or `NAME=POOL`; those that are there already stay. Default: `edge`. */
  readonly overlays?: readonly string[];
  readonly ports?: Partial<HubPorts>;
  /** Let TURN relay to private networks. Default: when the hub's own address is private. */
  readonly privatePeers?: boolean;
  /** Overwrite files that were edited. */
  readonly force?: boolean;
}

/**
 * Writes everything that the two servers need into a folder; run again, it changes only what is
 * given anew.
 *
 * @throws EvioError `HUB_DOMAIN_FIXED`, `FILE_NOT_OURS`, `HUB_DIR_CLOSED`, or what the checks of
 *   names, addresses and pools throw.
 */
export async function initHub(init: HubInit): Promise<HubSettings> {
  const layout = layoutOf(init.dir);
  mergeSettings(init, readSettings(layout), layout); // what is wrong is refused with nothing written
  const [prosody, coturn] = [serviceUser('prosody'), serviceUser('turnserver')];
  makeFolder(layout.dir, 0o755);
  requireReachable(layout.dir, prosody);
  return await withLock(layout.lock, () => {
    const settings = mergeSettings(init, readSettings(layout), layout);
    makeFolder(layout.prosody.dir, 0o750, prosody && { uid: 0, gid: prosody.gid });
    makeFolder(layout.prosody.modules, 0o750, prosody && { uid: 0, gid: prosody.gid });
    makeFolder(layout.prosody.certificates, 0o750, prosody && { uid: 0, gid: prosody.gid });
    makeFolder(layout.prosody.data, 0o700, prosody);
    makeFolder(layout.coturn.dir, 0o750, coturn && { uid: 0, gid: coturn.gid });
    makeFolder(layout.coturn.state, 0o700, coturn);
    makeFolder(layout.nodes, 0o700);
    ensureAuthority(layout.ca, settings.domain);
    ensureCertificates(settings, layout, new Date());
    writeServerFiles(settings, layout, init.force);
    for (const name of Object.keys(settings.nodes)) {
      if (settings.invitations[name] !== undefined) continue; // its files are on its host
      writeNodeConfig(settings, layout, name, init.force === true);
    }
    writeSettings(layout, settings);
    return settings;
  });
}

/** Renews the servers' certificates when their names changed or their time is nearly over. */
export function ensureCertificates(settings: HubSettings, layout: Layout, now: Date): void {
  const { domain, addresses, listen } = settings;
  const places = [...addresses, ...listen];
  const [prosody, coturn] = [serviceUser('prosody'), serviceUser('turnserver')];
  const xmpp = [domain, `xmpp.${domain}`, ...places];
  ensureServerCertificate(layout.prosody, layout.ca, xmpp, prosody, now);
  const turn = [`turn.${domain}`, domain, ...places];
  ensureServerCertificate(layout.coturn, layout.ca, turn, coturn, now);
}

/** Writes the configuration files of Prosody and coturn, the groups file and our module. */
export function writeServerFiles(settings: HubSettings, layout: Layout, force = false): void {
  const readableBy = (user: ServiceUser | undefined) =>
    user === undefined
      ? { mode: 0o600, force }
      : { mode: 0o640, force, owner: { uid: 0, gid: user.gid } };
  const prosody = readableBy(serviceUser('prosody'));
  writeOwned(layout.prosody.config, 'lua', renderProsody(settings, layout), prosody);
  writeOwned(layout.prosody.groupsLive, 'lua', GROUPS_LIVE_LUA, prosody);
  writeOwned(layout.prosody.groups, 'groups', renderGroups(settings), prosody);
  const coturn = readableBy(serviceUser('turnserver'));
  writeOwned(layout.coturn.config, 'hash', renderCoturn(settings, layout), coturn);
}

function mergeSettings(
  init: HubInit,
  before: HubSettings | undefined,
  layout: Layout,
): HubSettings {
  const domain = checkDomain(init.domain);
  if (before !== undefined && before.domain !== domain) {
    throw new EvioError(
      'HUB_DOMAIN_FIXED',
      `the hub in ${layout.dir} is of the domain ${before.domain}, which can't change to ${domain}`,
    );
  }
  const addresses = checkAddresses(init.addresses ?? before?.addresses ?? []);
  const listen = checkAddresses(init.listen ?? before?.listen ?? addresses);
  const ports = { ...(before?.ports ?? DEFAULT_PORTS), ...init.ports };
  checkPorts(ports);
  return {
    version: 1,
    domain,
    addresses,
    listen,
    ports,
    privatePeers: init.privatePeers ?? before?.privatePeers ?? addresses.some(isPrivate),
    turnSecret: before?.turnSecret ?? randomBytes(32).toString('base64url'),
    overlays: mergeOverlays(before?.overlays ?? [], init.overlays ?? []),
    nodes: before?.nodes ?? {},
    invitations: before?.invitations ?? {},
  };
}

function checkPorts({ relayMin, relayMax, ...listeners }: HubPorts): void {
  const ports = Object.values(listeners);
  for (const port of [...ports, relayMin, relayMax]) {
    if (!Number.isInteger(port) || port < 1 || port > 65_535) {
      throw new EvioError('PORT_INVALID', `expected a port from 1 to 65535, got ${port}`);
    }
  }
  if (new Set(ports).size < ports.length || relayMin > relayMax) {
    throw new EvioError('PORT_INVALID', 'expected four different ports and a range in order');
  }
}

/** Adds overlays; one without a pool gets the first 10.x.0.0/16 from 10.10 on that is free. */
function mergeOverlays(before: readonly HubOverlay[], wanted: readonly string[]): HubOverlay[] {
  const overlays = [...before];
  const isFree = (pool: string) =>
    !overlays.some(other => poolsOverlap(parsePool(other.pool), parsePool(pool)));
  const given = wanted.length === 0 && before.length === 0 ? ['edge'] : wanted;
  for (const text of given) {
    const [rawName = '', rawPool] = text.split('=', 2);
    const name = checkOverlayName(rawName);
    const present = overlays.find(overlay => overlay.name === name);
    if (present !== undefined && (rawPool ?? present.pool) === present.pool) continue;
    if (present !== undefined) {
      throw new EvioError('POOL_FIXED', `the pool of ${name} is ${present.pool} and stays so`);
    }
    const pool =
      rawPool ?? Array.from({ length: 246 }, (_, index) => `10.${index + 10}.0.0/16`).find(isFree);
    if (pool !== undefined) parsePool(pool);
    if (pool === undefined || !isFree(pool)) {
      throw new EvioError('POOL_TAKEN', `no pool for ${name}: ${pool ?? '10.x'} is in use`);
    }
    overlays.push({ name, pool, cursor: 1 });
  }
  return overlays;
}

/** Makes a folder unless it is there; one that is there keeps its mode. */
function makeFolder(path: string, mode: number, owner?: { uid: number; gid: number }): void {
  if (existsSync(path)) {
    if (!lstatSync(path).isDirectory()) {
      throw new EvioError('FILE_NOT_OURS', `expected a folder: ${path}`);
    }
    return;
  }
  mkdirSync(path, { recursive: true });
  chmodSync(path, mode);
  if (owner !== undefined) chownSync(path, owner.uid, owner.gid);
}

/** The servers' users must be able to pass through every folder above their files. */
function requireReachable(dir: string, user: ServiceUser | undefined): void {
  if (user === undefined) return;
  for (let path = dir; ; path = dirname(path)) {
    if ((statSync(path).mode & 0o001) === 0) {
      throw new EvioError(
        'HUB_DIR_CLOSED',
        `Prosody and coturn don't run as root and can't enter ${path}: ` +
          `chmod o+x ${path}, or choose another --dir`,
      );
    }
    if (path === dirname(path)) return;
  }
}
