import { join } from 'node:path';
import { NamespaceChain } from '../../datapath/namespace-chain.ts';
import { StaticPeerProcess } from '../../datapath/static-peer-process.ts';
import { iperf } from '../../lab/index.ts';
import { PingStream } from '../../lab/ping-stream.ts';
import type { Extra } from '../extra.ts';
import { spentBy } from '../processor-time.ts';
import { median } from '../statistics.ts';

const NODES = 3;
const CHAIN_NODE = join(import.meta.dirname, '..', '..', 'datapath', 'chain-node.ts');

/**
 * Three datapaths in a row with fixed keys and tables: the first reaches the second directly, and the
 * third only through the second, for which the frames stay sealed.
 */
export const relay: Extra = {
  name: 'relay',
  measure: async ({ rounds, pace, own, record }) => {
    await using chain = own(await NamespaceChain.create(NODES));
    const daemons: { pid: number; alive: boolean }[] = [];
    for (let number = 1; number <= NODES; number += 1) {
      const options = { number, of: NODES };
      const { child } = await StaticPeerProcess.run(chain.at(number), CHAIN_NODE, options);
      daemons.push({ pid: child.pid ?? Number.NaN, alive: true });
    }
    for (let round = 0; round < rounds; round += 1) {
      for (const [scenario, number] of [
        ['relay-direct', 2],
        ['relay', NODES],
      ] as const) {
        const [from, to, address] = [chain.at(1), chain.at(number), `10.9.0.${number}`];
        const before = spentBy(daemons).daemons;
        const { mbps, bytes } = await iperf(from, to, address, { seconds: pace.tcpSeconds });
        const spent = spentBy(daemons).daemons - before;
        await using pings = new PingStream(from, address, { intervalMs: 5 });
        await pings.count(pace.pings, 5000 + 10 * pace.pings);
        record(scenario, [
          { metric: 'throughput', unit: 'Mb/s', value: mbps },
          { metric: 'cpu', unit: 's/GB', value: spent / (bytes / 1e9) },
          {
            metric: 'round trip',
            unit: 'µs',
            value: median(pings.replies.map(({ rttMs }) => rttMs * 1000)),
          },
        ]);
      }
    }
  },
};
