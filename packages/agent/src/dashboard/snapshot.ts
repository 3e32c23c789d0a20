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
