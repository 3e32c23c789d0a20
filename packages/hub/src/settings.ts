import { readFileSync } from 'node:fs';
import { EvioError } from '@evio/types';
import { z } from 'zod';
import type { Layout } from './layout.ts';
import { writeAtomic } from './owned-file.ts';

const port = z.int().min(1).max(65535);

const portsSchema = z.strictObject({
  /** XMPP with STARTTLS, TCP. */
  xmpp: port,
  /** XMPP with direct TLS (XEP-0368), TCP. */
  xmpps: port,
  /** STUN and TURN, UDP and TCP. */
  turn: port,
  /** TURN over TLS, TCP. */
  turns: port,
  /** First and last UDP port that TURN hands out. */
  relayMin: port,
  relayMax: port,
});

const settingsSchema = z.strictObject({
  version: z.literal(1),
  domain: z.string(),
  /** Addresses that nodes use for the hub; empty: the domain's DNS records. */
  addresses: z.array(z.string()),
  /** Addresses that the servers bind; empty: all. */
  listen: z.array(z.string()),
  ports: portsSchema,
  /** Whether TURN relays to private networks (RFC 1918, RFC 6598, RFC 4193). */
  privatePeers: z.boolean(),
  /** What Prosody and coturn share to make and check TURN credentials. */
  turnSecret: z.string(),
  overlays: z.array(z.strictObject({ name: z.string(), pool: z.string(), cursor: z.int().min(1) })),
  /** Node name → overlay name → address without prefix. */
  nodes: z.record(z.string(), z.record(z.string(), z.string())),
  /** Node name → how it was invited; nodes that `add-node` made have none. */
  invitations: z
    .record(
      z.string(),
      z.strictObject({
        /** Of the account while it has the one-time password. */
        salt: z.string(),
        /** Seconds since 1970. */
        expires: z.int().min(0),
        /** Whether the node has replaced the one-time password. */
        joined: z.boolean(),
      }),
    )
    .default({}),
});

/** The hub's whole state, kept in `hub.json`. */
export type HubSettings = z.infer<typeof settingsSchema>;
export type HubPorts = z.infer<typeof portsSchema>;
export type HubOverlay = HubSettings['overlays'][number];
export type HubInvitation = HubSettings['invitations'][string];

export const DEFAULT_PORTS: HubPorts = {
  xmpp: 5222,
  xmpps: 5223,
  turn: 3478,
  turns: 5349,
  relayMin: 49152,
  relayMax: 65535,
};

/**
 * Reads `hub.json`, or nothing when there is none.
 *
 * @throws EvioError `HUB_SETTINGS` when it is not what we write.
 */
export function readSettings(layout: Layout): HubSettings | undefined {
  let text: string;
  try {
    text = readFileSync(layout.settings, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return settingsSchema.parse(JSON.parse(text));
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    throw new EvioError('HUB_SETTINGS', `${layout.settings} is not a hub's: ${reason}`);
  }
}

/**
 * Reads `hub.json` of a hub that must be there.
 *
 * @throws EvioError `HUB_MISSING` or `HUB_SETTINGS`.
 */
export function requireSettings(layout: Layout): HubSettings {
  const settings = readSettings(layout);
  if (settings === undefined) {
    throw new EvioError(
      'HUB_MISSING',
      `there is no hub in ${layout.dir}; make one with: evio hub init --domain D --dir ${layout.dir}`,
    );
  }
  return settings;
}

export function writeSettings(layout: Layout, settings: HubSettings): void {
  writeAtomic(layout.settings, `${JSON.stringify(settings, null, 2)}\n`, { mode: 0o600 });
}
