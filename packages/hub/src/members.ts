import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { EvioError } from '@evio/types';
import { hasAccount, removeStorage, writeAccount } from './account-store.ts';
import { nextAddress, parsePool } from './address-pool.ts';
import { writeServerFiles } from './init.ts';
import { type Layout, layoutOf, nodeFiles } from './layout.ts';
import { withLock } from './lock.ts';
import { checkNodeName } from './names.ts';
import { overlayAddress, serviceUrl } from './node-config.ts';
import { nodePassword, writeNodeConfig } from './node-files.ts';
import { removeOwned } from './owned-file.ts';
import { type HubSettings, requireSettings, writeSettings } from './settings.ts';

/** A node as the hub knows it. */
export interface HubMember {
  readonly name: string;
  readonly jid: string;
  /** `xmpps://…` */
  readonly service: string;
  /** Overlay name → address with prefix, e.g. `10.10.0.1/16`. */
  readonly addresses: Readonly<Record<string, string>>;
  /** Whether it was invited, and has joined; absent for one that `add-node` made. */
  readonly invitation?: { readonly state: 'open' | 'joined'; readonly expires: string };
}

/** A node whose password and files the hub keeps. */
export interface HubNode extends HubMember {
  readonly password: string;
  /** The folder to copy to the node's `/etc/evio`, and the files in it. */
  readonly dir: string;
  readonly configFile: string;
  readonly passwordFile: string;
  readonly caFile: string;
}

/**
 * Makes a node's account, membership, addresses and files; for a node that is there, adds the
 * overlays that it isn't in yet. Those who are online learn of it within about a second.
 *
 * @param overlays default: the hub's first.
 * @throws EvioError `NODE_NAME_INVALID`, `NODE_INVITED`, `OVERLAY_UNKNOWN`, `POOL_EXHAUSTED`,
 *   `FILE_NOT_OURS`.
 */
export async function addNode(
  dir: string,
  name: string,
  overlays: readonly string[] = [],
  options: { readonly force?: boolean } = {},
): Promise<HubNode> {
  checkNodeName(name);
  const layout = layoutOf(dir);
  requireSettings(layout);
  return await withLock(layout.lock, () => {
    const settings = requireSettings(layout);
    if (settings.invitations[name] !== undefined) {
      throw new EvioError(
        'NODE_INVITED',
        `${name} was invited, its password is not known here; invite it again, or begin anew with: ` +
          `evio hub remove-node ${name}`,
      );
    }
    const added = withMember(settings, name, overlays);
    // First what can refuse, then the account, and the membership that shows it to others last.
    writeNodeConfig(added, layout, name, options.force === true);
    const password = nodePassword(nodeFiles(layout, name));
    if (settings.nodes[name] === undefined || !hasAccount(added, layout, name)) {
      writeAccount(added, layout, name, password);
    }
    writeSettings(layout, added);
    writeServerFiles(added, layout, options.force);
    return describe(added, layout, name);
  });
}

/**
 * Takes a node out of every overlay and deletes its account; its sessions are closed within about
 * a second. Links that it has end only when its peers' agents drop it. Returns what it was.
 *
 * @throws EvioError `NODE_UNKNOWN`, `FILE_NOT_OURS` when its `evio.yaml` was edited.
 */
export async function removeNode(
  dir: string,
  name: string,
  options: { readonly force?: boolean } = {},
): Promise<HubMember> {
  checkNodeName(name);
  const layout = layoutOf(dir);
  requireSettings(layout);
  return await withLock(layout.lock, () => {
    const settings = requireSettings(layout);
    if (settings.nodes[name] === undefined) {
      throw new EvioError('NODE_UNKNOWN', `the hub in ${layout.dir} has no node ${name}`);
    }
    const files = nodeFiles(layout, name);
    if (!removeOwned(files.config, 'hash', options.force)) {
      throw new EvioError(
        'FILE_NOT_OURS',
        `${files.config} was edited; move it away, or use --force to delete it`,
      );
    }
    const member = describeMember(settings, name);
    dropMembers(settings, layout, [name], options.force);
    rmSync(files.password, { force: true });
    rmSync(files.ca, { force: true });
    if (existsSync(files.dir) && readdirSync(files.dir).length === 0) rmdirSync(files.dir);
    return member;
  });
}

/** All nodes of a hub, by name. */
export function listNodes(dir: string): (HubMember | HubNode)[] {
  const layout = layoutOf(dir);
  const settings = requireSettings(layout);
  return Object.keys(settings.nodes)
    .sort()
    .map(name =>
      settings.invitations[name] === undefined
        ? describe(settings, layout, name)
        : describeMember(settings, name),
    );
}

/** Takes nodes out of the settings, with their accounts; a running Prosody notices at the end. */
export function dropMembers(
  settings: HubSettings,
  layout: Layout,
  names: readonly string[],
  force = false,
): void {
  const without = <T>(record: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(Object.entries(record).filter(([name]) => !names.includes(name)));
  const left = {
    ...settings,
    nodes: without(settings.nodes),
    invitations: without(settings.invitations),
  };
  writeSettings(layout, left);
  for (const name of names) removeStorage(left, layout, name);
  writeServerFiles(left, layout, force);
}

/**
 * The settings with a node in these overlays (default: the hub's first), with an address of its own
 * in each that it was not in.
 *
 * @throws EvioError `OVERLAY_UNKNOWN`, `POOL_EXHAUSTED`.
 */
export function withMember(
  settings: HubSettings,
  name: string,
  wanted: readonly string[],
): HubSettings {
  const first = settings.overlays[0]?.name;
  const names = wanted.length > 0 ? wanted : first === undefined ? [] : [first];
  for (const overlay of names) {
    if (!settings.overlays.some(known => known.name === overlay)) {
      const known = settings.overlays.map(each => each.name).join(', ');
      throw new EvioError(
        'OVERLAY_UNKNOWN',
        `the hub has no overlay ${JSON.stringify(overlay)}, only ${known}; add it with: ` +
          `evio hub init --domain ${settings.domain} --overlay NAME`,
      );
    }
  }
  const addresses: Record<string, string> = { ...settings.nodes[name] };
  const overlays = settings.overlays.map(overlay => {
    if (!names.includes(overlay.name) || addresses[overlay.name] !== undefined) return overlay;
    const taken = new Set(Object.values(settings.nodes).flatMap(node => node[overlay.name] ?? []));
    const { address, cursor } = nextAddress(parsePool(overlay.pool), overlay.cursor, taken);
    addresses[overlay.name] = address;
    return { ...overlay, cursor };
  });
  return { ...settings, overlays, nodes: { ...settings.nodes, [name]: addresses } };
}

export function describeMember(settings: HubSettings, name: string): HubMember {
  const addresses: Record<string, string> = {};
  for (const { name: overlay } of settings.overlays) {
    const address = overlayAddress(settings, name, overlay);
    if (address !== undefined) addresses[overlay] = address;
  }
  const invitation = settings.invitations[name];
  return {
    name,
    jid: `${name}@${settings.domain}`,
    service: serviceUrl(settings),
    addresses,
    ...(invitation && {
      invitation: {
        state: invitation.joined ? 'joined' : 'open',
        expires: new Date(invitation.expires * 1000).toISOString(),
      },
    }),
  };
}

function describe(settings: HubSettings, layout: Layout, name: string): HubNode {
  const files = nodeFiles(layout, name);
  return {
    ...describeMember(settings, name),
    password: nodePassword(files),
    dir: files.dir,
    configFile: files.config,
    passwordFile: files.password,
    caFile: files.ca,
  };
}
