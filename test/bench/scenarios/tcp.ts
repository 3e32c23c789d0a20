import { type IperfResult, iperf } from '../../lab/index.ts';
import { type Spent, spentBy } from '../processor-time.ts';
import type { Joined, Measurement, Scenario } from '../scenario.ts';

/** TCP from left to right, and what the daemons at both ends and the whole machine spend on it. */
function streams(name: string, count: number): Scenario {
  return {
    name,
    measure: async ({ tunnel, left, right, pace }) => {
      const { tcpSeconds, shortSeconds } = pace;
      const seconds = count === 1 ? tcpSeconds : shortSeconds;
      const before = spentBy(tunnel.daemons());
      const { mbps, bytes } = await iperf(left.namespace, right.namespace, tunnel.rightAddress, {
        seconds,
        streams: count,
      });
      const after = spentBy(tunnel.daemons());
      return [throughput(mbps), ...costs(before, after, bytes)];
    },
  };
}

function costs(before: Spent, after: Spent, bytes: number): Measurement[] {
  const unit = 's/GB';
  const of = (what: keyof Spent) => (after[what] - before[what]) / (bytes / 1e9);
  const machine = { metric: 'cpu of the machine', unit, value: of('machine') };
  // What has no daemon spends nothing that could be told from iperf's own share.
  return after.daemons === 0 ? [machine] : [{ metric: 'cpu', unit, value: of('daemons') }, machine];
}

function throughput(value: number): Measurement {
  return { metric: 'throughput', unit: 'Mb/s', value };
}

function forth({ tunnel, left, right, pace }: Joined): Promise<IperfResult> {
  const seconds = pace.shortSeconds;
  return iperf(left.namespace, right.namespace, tunnel.rightAddress, { seconds });
}

function back({ tunnel, left, right, pace }: Joined): Promise<IperfResult> {
  const seconds = pace.shortSeconds;
  return iperf(right.namespace, left.namespace, tunnel.leftAddress, { seconds });
}

export const oneStream = streams('tcp-1', 1);
export const fourStreams = streams('tcp-4', 4);

/** One stream from right to left. */
export const reverse: Scenario = {
  name: 'tcp-1-reverse',
  measure: async joined => [throughput((await back(joined)).mbps)],
};

/** One stream each way at once; the figure is the sum of both. */
export const bidirectional: Scenario = {
  name: 'tcp-1-bidirectional',
  measure: async joined => {
    const both = await Promise.all([forth(joined), back(joined)]);
    return [throughput(both[0].mbps + both[1].mbps)];
  },
};
