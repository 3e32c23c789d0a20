import type { AgentControl, AgentStatus, OverlayTopology } from '../control/types.ts';

/** All that the page shows; sent whole, so that a reader may miss some. */
export interface Snapshot {
  /** When it was taken, ISO 8601. */
  readonly at: string;
  readonly status: AgentStatus;
  readonly topology: readonly OverlayTopology[];
}

export function takeSnapshot(control: AgentControl): Snapshot {
  return {
    at: new Date().toISOString(),
    status: control.status(),
    topology: control.topology(),
  };
}

/** What passes by itself, and is no news alone. */
const PASSING: ReadonlySet<string> = new Set(['at', 'ageSeconds', 'rssBytes']);

/** Equal for two snapshots between which nothing happened. */
export function newsOf(snapshot: Snapshot): string {
  return JSON.stringify(snapshot, (key, value: unknown) => (PASSING.has(key) ? undefined : value));
}
