import type { DashboardConfig } from '../config/index.ts';
import type { AgentControl, AgentStatus, OverlayTopology } from '../control/types.ts';

/** All that the page shows; sent whole, so that a reader may miss some. */
export interface Snapshot {
  /** When it was taken, ISO 8601. */
  readonly at: string;
  readonly status: AgentStatus;
  readonly topology: readonly OverlayTopology[];
  /** Latitude and longitude in degrees by name of the node, as far as they are configured. */
  readonly coordinates?: Coordinates;
}

export type Coordinates = NonNullable<DashboardConfig['map']>;

export function takeSnapshot(control: AgentControl, coordinates?: Coordinates): Snapshot {
  return {
    at: new Date().toISOString(),
    status: control.status(),
    topology: control.topology(),
    ...(coordinates !== undefined && { coordinates }),
  };
}

/** What cannot wait for the next second: who is reached, and how it stands with the servers. */
export function urgentOf({ overlays }: AgentStatus): string {
  return overlays
    .map(({ name, peers, signaling }) => {
      const reached = peers.filter(({ reachable }) => reachable).map(({ id }) => id);
      return [name, signaling.state, ...reached].join(' ');
    })
    .join('\n');
}

/** What passes by itself, and is no news alone. */
const PASSING: ReadonlySet<string> = new Set(['at', 'ageSeconds', 'rssBytes']);

/** Equal for two snapshots between which nothing happened. */
export function newsOf(snapshot: Snapshot): string {
  return JSON.stringify(snapshot, (key, value: unknown) => (PASSING.has(key) ? undefined : value));
}
