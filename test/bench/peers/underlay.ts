import type { Peer } from '../peer.ts';

/** The network below, without any product: what the others are compared to. */
export const underlay: Peer = {
  name: 'underlay',
  configuration: 'The veth pairs and the bridge between them, MTU 1500, nothing on top.',
  prepare: async () => 'veth',
  install: async (_lab, left, right) => ({
    leftAddress: left.address,
    rightAddress: right.address,
    start: async () => {},
    stop: async () => {},
    daemons: () => [],
  }),
};
