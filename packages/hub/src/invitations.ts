import { randomBytes } from 'node:crypto';
import { EvioError, formatInvitation } from '@evio/types';
import { accountSalt, hasAccounts, writeAccount } from './account-store.ts';
import { certificatePin, isIssuedBy } from './certificates.ts';
import { writeServerFiles } from './init.ts';
import { type Layout, layoutOf } from './layout.ts';
import { withLock } from './lock.ts';
import { describeMember, dropMembers, type HubMember, withMember } from './members.ts';
import { checkNodeName } from './names.ts';
import { overlayAddress } from './node-config.ts';
import {
  type HubInvitation,
  type HubSettings,
  requireSettings,
  writeSettings,
} from './settings.ts';

/** Bytes of a one-time password: nobody guesses it in the days that it is good for. */
const PASSWORD_BYTES = 16;

export interface InviteOptions {
  /** Default: the hub's first. */
  readonly overlays?: readonly string[];
  /** How long the invitation is good, in seconds. */
  readonly seconds: number;
  /** Seconds since 1970. */
  readonly now: number;
}

/** An invited node, with the line for its host. Nobody can get the line a second time. */
export interface IssuedInvitation extends HubMember {
  readonly line: string;
}

/**
 * Makes a node's account with a one-time password, its membership and addresses, and the line with
 * which its host joins. A node whose invitation is open gets a new one; the former no longer works.
 *
 * @throws EvioError `NODE_NAME_INVALID`, `NODE_EXISTS`, `OVERLAY_UNKNOWN`, `POOL_EXHAUSTED`,
 *   `FILE_NOT_OURS`.
 */
export async function inviteNode(
  dir: string,
  name: string,
  options: InviteOptions,
): Promise<IssuedInvitation> {
  checkNodeName(name);
  const layout = layoutOf(dir);
  requireSettings(layout);
  return await withLock(layout.lock, () => {
    const settings = settle(requireSettings(layout), layout, options.now);
    refuseExisting(settings, name);
    const added = withMember(settings, name, options.overlays ?? []);
    const password = randomBytes(PASSWORD_BYTES).toString('base64url');
    const salt = writeAccount(added, layout, name, password);
    const expires = Math.floor(options.now + options.seconds);
    const invited: HubSettings = {
      ...added,
      invitations: { ...added.invitations, [name]: { salt, expires, joined: false } },
    };
    writeSettings(layout, invited);
    writeServerFiles(invited, layout);
    const member = describeMember(invited, name);
    const { certificate: authority } = layout.ca;
    const pinned = isIssuedBy(layout.prosody.certificate, authority);
    const line = formatInvitation({
      account: member.jid,
      password,
      service: member.service,
      ...(pinned && { pin: certificatePin(authority) }),
      expires,
      overlays: Object.keys(member.addresses).map(overlay => ({
        name: overlay,
        address: overlayAddress(invited, name, overlay) ?? '',
      })),
    });
    return { ...member, line };
  });
}

/**
 * Takes an open invitation back, with its account and address; returns what it was for.
 *
 * @throws EvioError `INVITATION_UNKNOWN` when there is none that is open.
 */
export async function uninviteNode(dir: string, name: string, now: number): Promise<HubMember> {
  const layout = layoutOf(dir);
  requireSettings(layout);
  return await withLock(layout.lock, () => {
    const settings = settle(requireSettings(layout), layout, now);
    const invitation = settings.invitations[name];
    if (invitation?.joined === true) {
      throw new EvioError(
        'INVITATION_UNKNOWN',
        `${name} has joined already; take it out with: evio hub remove-node ${name}`,
      );
    }
    if (invitation === undefined) {
      throw new EvioError('INVITATION_UNKNOWN', `there is no open invitation of ${name}`);
    }
    const member = describeMember(settings, name);
    dropMembers(settings, layout, [name]);
    return member;
  });
}

/** The nodes whose invitations are open, by name. */
export async function listInvitations(dir: string, now: number): Promise<HubMember[]> {
  const layout = layoutOf(dir);
  const settings = await settleInvitations(layout, now);
  return Object.keys(settings.invitations)
    .filter(name => settings.invitations[name]?.joined === false)
    .sort()
    .map(name => describeMember(settings, name));
}

/**
 * Brings what became of the invited nodes into the settings: who replaced the password has joined,
 * who unregistered has left, who did not come in time is taken out. Takes the lock only when
 * there is something to do, so that a running hub can call it every second.
 */
export async function settleInvitations(layout: Layout, now: number): Promise<HubSettings> {
  const settings = requireSettings(layout);
  if (!hasNews(newsOf(settings, layout, now))) return settings;
  return await withLock(layout.lock, () => settle(requireSettings(layout), layout, now));
}

/** What became of invitations since the settings were written. */
export interface InvitationNews {
  readonly joined: readonly string[];
  readonly expired: readonly string[];
  readonly left: readonly string[];
}

/**
 * Decides what became of invitations.
 *
 * @param saltOf the present salt of a node's account; undefined when there is no account.
 * @param now seconds since 1970.
 */
export function judgeInvitations(
  invitations: Readonly<Record<string, HubInvitation>>,
  saltOf: (name: string) => string | undefined,
  now: number,
): InvitationNews {
  const news = { joined: [] as string[], expired: [] as string[], left: [] as string[] };
  for (const [name, { salt, expires, joined }] of Object.entries(invitations)) {
    const present = saltOf(name);
    if (present === undefined) news.left.push(name);
    else if (joined) continue;
    else if (present !== salt) news.joined.push(name);
    else if (expires <= now) news.expired.push(name);
  }
  return news;
}

function newsOf(settings: HubSettings, layout: Layout, now: number): InvitationNews {
  if (!hasAccounts(settings, layout)) return { joined: [], expired: [], left: [] };
  const saltOf = (name: string) => accountSalt(settings, layout, name);
  return judgeInvitations(settings.invitations, saltOf, now);
}

function hasNews({ joined, expired, left }: InvitationNews): boolean {
  return joined.length + expired.length + left.length > 0;
}

/** Under the lock: writes what {@link newsOf} says, and returns the settings as they are then. */
function settle(settings: HubSettings, layout: Layout, now: number): HubSettings {
  const news = newsOf(settings, layout, now);
  if (!hasNews(news)) return settings;
  const invitations = { ...settings.invitations };
  for (const name of news.joined) {
    const invitation = invitations[name];
    if (invitation !== undefined) invitations[name] = { ...invitation, joined: true };
  }
  const settled = { ...settings, invitations };
  const gone = [...news.expired, ...news.left];
  if (gone.length > 0) dropMembers(settled, layout, gone);
  else writeSettings(layout, settled);
  return requireSettings(layout);
}

function refuseExisting({ nodes, invitations }: HubSettings, name: string): void {
  if (nodes[name] === undefined || invitations[name]?.joined === false) return;
  throw new EvioError(
    'NODE_EXISTS',
    `there is a node ${name} already; take another name, or take it out first: ` +
      `evio hub remove-node ${name}`,
  );
}
