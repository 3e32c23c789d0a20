import { packetLoop } from '../packet-loop.ts';
import type { Scenario } from '../scenario.ts';

/**
 * Datagrams of 64 bytes of payload, 256 of them in flight. One that went there and back counts once,
 * so that each direction carries as many as the figure says.
 */
export const packets: Scenario = {
  name: 'packets-64',
  measure: async ({ tunnel, left, right, pace }) => {
    const { perSecond, returned, lost } = await packetLoop(
      left.namespace,
      right.namespace,
      tunnel.rightAddress,
      { bytes: 64, inFlight: 256, seconds: pace.packetSeconds },
    );
    if (returned === 0) throw new Error('no packet came back');
    return [
      { metric: 'rate', unit: 'packets/s', value: perSecond },
      { metric: 'lost', unit: '%', value: (100 * lost) / (lost + returned) },
    ];
  },
};
