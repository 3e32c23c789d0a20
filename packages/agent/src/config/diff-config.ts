import { formatEndpoint } from '@evio/types';
import type { AgentConfig } from './agent-config.ts';

/** One difference between the running configuration and a new one. */
export interface Change {
  /** Name of the overlay it is in; absent for what concerns the whole agent. */
  readonly overlay?: string;
  /** As written in the file, within its overlay: `interface.mtu`, `log.level`. */
  readonly key: string;
  readonly kind: 'added' | 'removed' | 'changed';
  /** `interface.mtu: 1400 → 1300`; secrets are not shown. */
  readonly text: string;
}

export interface ConfigDiff {
  /** What a running agent can take over, with links staying as they are. */
  readonly applicable: readonly Change[];
  /** What holds only after a restart. */
  readonly needsRestart: readonly Change[];
}

type Rule = 'apply' | 'restart';

interface Value {
  readonly rule: Rule;
  readonly value: unknown;
  readonly secret?: true;
}

/** Every setting of the agent as a whole, under the file's names, and what a change of it asks for. */
function agentValues(config: AgentConfig): Record<string, Value> {
  return {
    name: { rule: 'restart', value: config.name },
    state_dir: { rule: 'restart', value: config.stateDir },
    control_socket: { rule: 'restart', value: config.controlSocket },
    'listen.port': { rule: 'restart', value: config.listen.port },
    'log.level': { rule: 'apply', value: config.log.level },
    'dashboard.enabled': { rule: 'restart', value: config.dashboard.enabled },
    'dashboard.listen': { rule: 'restart', value: formatEndpoint(config.dashboard.listen) },
    'dashboard.map': { rule: 'restart', value: config.dashboard.map ?? {} },
    'metrics.enabled': { rule: 'restart', value: config.metrics.enabled },
    'metrics.listen': { rule: 'restart', value: formatEndpoint(config.metrics.listen) },
    'metrics.peer_series': { rule: 'restart', value: config.metrics.peerSeries },
    'timers.rekey_seconds': { rule: 'restart', value: config.timers.rekeySeconds },
    'timers.reject_seconds': { rule: 'restart', value: config.timers.rejectSeconds },
    'timers.keepalive_seconds': { rule: 'restart', value: config.timers.keepaliveSeconds },
    cni: { rule: 'restart', value: config.cni },
  };
}

/** The same for one overlay. */
function overlayValues(overlay: AgentConfig['overlays'][number]): Record<string, Value> {
  const { xmpp, interface: device, ice, topology } = overlay;
  return {
    // The account is part of the node record that peers have pinned and signed sessions with.
    'xmpp.jid': { rule: 'restart', value: xmpp.jid },
    'xmpp.password_file': { rule: 'apply', value: xmpp.password, secret: true },
    'xmpp.certificate_file': { rule: 'apply', value: xmpp.certificate, secret: true },
    'xmpp.service': { rule: 'apply', value: xmpp.service },
    'xmpp.ca': { rule: 'apply', value: xmpp.ca, secret: true },
    'xmpp.group': { rule: 'apply', value: xmpp.group },
    'xmpp.allow_plain': { rule: 'apply', value: xmpp.allowPlain },
    'interface.name': { rule: 'restart', value: device.name },
    'interface.address': { rule: 'apply', value: device.addresses },
    'interface.mtu': { rule: 'apply', value: device.mtu },
    'interface.bridge': { rule: 'apply', value: device.bridge },
    'ice.servers': { rule: 'apply', value: ice.servers, secret: true },
    'ice.ignore_interfaces': { rule: 'apply', value: ice.ignoreInterfaces },
    'ice.ca': { rule: 'apply', value: ice.ca, secret: true },
    'topology.successors': { rule: 'apply', value: topology.successors },
    'topology.shortcuts': { rule: 'apply', value: topology.shortcuts },
    'topology.on_demand': { rule: 'apply', value: topology.onDemand },
    'topology.static': { rule: 'apply', value: topology.static },
    'topology.role': { rule: 'apply', value: topology.leaf ? 'leaf' : 'switch' },
    'topology.manual': { rule: 'apply', value: topology.manual },
    // Sessions are made with it; both sides must change together.
    secret_file: { rule: 'restart', value: overlay.secret?.join(), secret: true },
  };
}

const shown = (value: unknown) => (value === undefined ? 'none' : JSON.stringify(value));

function compare(
  before: Record<string, Value>,
  after: Record<string, Value>,
  overlay: string | undefined,
): { rule: Rule; change: Change }[] {
  return Object.entries(after).flatMap(([key, { rule, value, secret }]) => {
    const old = before[key]?.value;
    if (JSON.stringify(old) === JSON.stringify(value)) return [];
    const text = secret ? `${key}: changed` : `${key}: ${shown(old)} → ${shown(value)}`;
    const place = overlay === undefined ? {} : { overlay };
    return [{ rule, change: { ...place, key, kind: 'changed' as const, text } }];
  });
}

/**
 * What differs between two configurations, for SIGHUP: overlays that came or went, and every
 * setting, sorted by whether a running agent can take it over.
 */
export function diffConfig(old: AgentConfig, next: AgentConfig): ConfigDiff {
  const changes = compare(agentValues(old), agentValues(next), undefined);
  for (const overlay of old.overlays) {
    const still = next.overlays.find(({ name }) => name === overlay.name);
    if (still) {
      changes.push(...compare(overlayValues(overlay), overlayValues(still), overlay.name));
    } else changes.push(wholeOverlay(overlay.name, 'removed'));
  }
  for (const { name } of next.overlays) {
    if (!old.overlays.some(overlay => overlay.name === name)) {
      changes.push(wholeOverlay(name, 'added'));
    }
  }
  const of = (rule: Rule) => changes.filter(each => each.rule === rule).map(({ change }) => change);
  return { applicable: of('apply'), needsRestart: of('restart') };
}

function wholeOverlay(name: string, kind: 'added' | 'removed'): { rule: Rule; change: Change } {
  return {
    rule: 'apply',
    change: { overlay: name, key: '', kind, text: `overlay ${name}: ${kind}` },
  };
}
