import type { Peer } from '../peer.ts';

/** The network below, without any product: what the round trips are compared to. */
export const underlay: Peer = {
  name: 'underlay',
  prepare: async () => 'veth, MTU 1500',
  start: async (_lab, _left, right) => ({ rightAddress: right.address, pids: [] }),
};
