import { run } from '../../lab/index.ts';
import { EVIO } from '../../lab/paths.ts';
import type { Peer } from '../peer.ts';

/** Two agents with the lab's hub, as anybody would configure them. */
export const evio: Peer = {
  name: 'evio',
  prepare: async () => (await run([EVIO, '--version'])).stdout.trim(),
  start: async (lab, left, right) => {
    const [a, b] = [await lab.agent(left.name), await lab.agent(right.name)];
    const { path } = await a.linkedTo(b, 30_000);
    const rightAddress = b.address;
    const { ok } = await left.ping(rightAddress, { timeoutMs: 10_000 });
    if (!ok) throw new Error(`evio: linked (${path.kind}), but no ping came through`);
    return { rightAddress, pids: [a.pid, b.pid] };
  },
};
