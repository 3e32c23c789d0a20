import type { HubSettings } from './settings.ts';
import { DEFAULT_PORTS } from './settings.ts';

/** Settings for unit tests. */
export const SETTINGS: HubSettings = {
  version: 1,
  domain: 'example.org',
  addresses: ['192.0.2.1'],
  listen: ['192.0.2.1'],
  ports: DEFAULT_PORTS,
  privatePeers: false,
  turnSecret: 'secret',
  overlays: [
    { name: 'edge', pool: '10.10.0.0/16', cursor: 3 },
    { name: 'cloud', pool: '10.11.0.0/24', cursor: 2 },
  ],
  nodes: {
    'edge-b': { edge: '10.10.0.2' },
    'edge-a': { edge: '10.10.0.1', cloud: '10.11.0.1' },
  },
  invitations: {},
};
