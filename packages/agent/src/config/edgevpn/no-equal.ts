import type { OldConfig, OldPath } from './old-config.ts';

/**
 * What the old configuration has and Evio has not, with the reason. The first pattern that fits the
 * key counts; `*` stands for one name. `null`: nothing is lost, so nothing is said.
 */
const REASONS: readonly (readonly [pattern: string, reason: string | null])[] = [
  ['CFx.Model', null],
  ['Broker.Controllers', 'the parts of the agent are not chosen one by one'],
  ['*.NodeId', 'a node id is made from the key of the node; this node gets a new one'],
  ['*.NidFileName', 'the node id is kept with its key in state_dir'],
  ['Logger', 'the log goes to standard output (systemd keeps and rotates it: journalctl -u evio)'],
  ['Tincan*', 'there is no separate data plane process to talk to'],
  ['Signal.CacheExpiry', 'presence tells when an account goes'],
  ['Signal.Enabled', null],
  ['Signal.Overlays.*.AuthenticationMethod', null],
  ['Topology.Overlays.*.Role', null],
  ['Topology.Overlays.*.EncryptionRequired', 'every link is encrypted, always'],
  ['Topology.Overlays.*.LocationId', 'there are no unencrypted GENEVE tunnels within a location'],
  ['Topology.Overlays.*.Name', 'an overlay has one name'],
  ['Topology.Overlays.*.Description', 'an overlay has no description'],
  ['LinkManager.Overlays.*.TapName', 'there is one TAP per overlay, not one per link'],
  ['LinkManager.Overlays.*.TapNamePrefix', 'there is one TAP per overlay, not one per link'],
  ['LinkManager.Overlays.*.Type', null],
  ['GeneveTunnel', 'there are no GENEVE tunnels'],
  ['BridgeController.BoundedFlood', 'the agent switches frames itself, without Open vSwitch'],
  ['BridgeController.Overlays.*.SDNController', 'the agent switches frames itself'],
  ['BridgeController.Overlays.*.*.AutoDelete', 'a bridge is never deleted by the agent'],
  ['BridgeController.Overlays.*.*.AppBridge.AutoDelete', 'a bridge is never deleted by the agent'],
  ['UsageReport', 'nothing is reported to anybody'],
  ['OverlayVisualizer', 'evio topology --json shows the overlay; there is no separate service'],
];

function fits(pattern: string, path: OldPath): boolean {
  const parts = pattern.split('.');
  return (
    parts.length <= path.length &&
    parts.every((part, index) => {
      const key = String(path[index]);
      return part.endsWith('*') ? key.startsWith(part.slice(0, -1)) : part === key;
    })
  );
}

/** One warning for each setting that was not taken over; those with one reason are told once. */
export function warnUnread(old: OldConfig): string[] {
  const warnings = new Map<string, string[]>();
  for (const path of old.unread()) {
    // Periods and dependencies of the old framework's modules.
    const framework = ['TimerInterval', 'Dependencies', 'Module'].includes(String(path.at(-1)));
    const reason = REASONS.find(([pattern]) => fits(pattern, path))?.[1];
    if (reason === null || (reason === undefined && framework)) continue;
    const why = reason ?? 'has no equal';
    const key = path.join('.');
    warnings.set(why, [...(warnings.get(why) ?? []), key]);
  }
  return [...warnings].map(([why, keys]) => `${keys.join(', ')}: left out; ${why}`);
}
