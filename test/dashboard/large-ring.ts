import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { OverlayTopology, PeerStatus } from '@evio/agent/control';
import { DashboardServer, loadPageFiles } from '@evio/agent/dashboard';
import { type NodeId, parseNodeId } from '@evio/types';
import { agentControl, peer, status } from '../../packages/agent/src/control/fixture.ts';

export const NODES = 500;
export const LINKS = 5_000;
/** As many seconds are recorded; then it begins anew. */
const RECORDED_SECONDS = 20;

const idOf = (number: number): NodeId =>
  parseNodeId(createHash('sha256').update(`node ${number}`).digest('hex').slice(0, 32));
const at = <T>(list: readonly T[], index: number): T => {
  const found = list[index % list.length];
  if (found === undefined) throw new RangeError(`nothing at ${index}`);
  return found;
};

interface Recorded {
  readonly peers: readonly PeerStatus[];
  readonly topology: OverlayTopology;
}

/** A ring as one agent would tell it; `turn` moves round trips and traffic, and some links. */
function ringAt(turn: number): Recorded {
  const ids = Array.from({ length: NODES }, (_, index) => idOf(index)).sort();
  const [self, ...others] = ids;
  assert.ok(self !== undefined);
  const roles = ['successor', 'shortcut', 'on-demand'] as const;
  const kinds = ['direct', 'direct', 'turn'] as const;
  const peers = others.map((id, index) => {
    const linked = index % 41 === 0;
    const path = { ...peer('b').path, kind: linked ? at(kinds, index) : ('overlay' as const) };
    return peer('b', {
      id,
      jid: `node-${index}@example.org`,
      name: `node-${index}`,
      addresses: [`10.10.${index >> 8}.${index & 255}/16`],
      role: linked ? at(roles, index) : 'none',
      path: { ...path, rttMs: 1 + ((index * 7 + turn) % 90) },
      rxBytes: turn * 1_000 * index,
    });
  });
  const links = peers.flatMap(({ id, role, path }) =>
    role === 'none' ? [] : [{ from: self, to: id, role, path: path.kind, rttMs: path.rttMs }],
  );
  const steps = [1, 2, 3, 5, 9, 17, 33, 65, 129, 130 + (turn % 50)];
  const heard = Array.from({ length: LINKS - links.length }, (_, index) => ({
    from: at(ids, index),
    to: at(ids, index + at(steps, Math.floor(index / NODES))),
  }));
  const nodes = ids.map((id, index) => ({
    id,
    jid: `n${index}@example.org`,
    name: id === self ? 'edge-a' : `node-${index - 1}`,
    self: id === self,
  }));
  return { peers, topology: { overlay: 'edge', nodes, links, heard } };
}

/** The dashboard of an agent that says each second what was recorded of a large ring. */
export class LargeRing implements AsyncDisposable {
  readonly #server: DashboardServer;

  private constructor(server: DashboardServer) {
    this.#server = server;
  }

  static async serve(): Promise<LargeRing> {
    const recorded = Array.from({ length: RECORDED_SECONDS }, (_, turn) => ringAt(turn));
    const began = Date.now();
    const now = () => at(recorded, Math.floor((Date.now() - began) / 1_000));
    const server = await DashboardServer.listen({
      control: agentControl({
        status: () => status(now().peers),
        topology: () => [now().topology],
      }),
      listen: { address: '127.0.0.1', port: 0 },
      files: loadPageFiles(),
      onFault: error => {
        throw error;
      },
    });
    return new LargeRing(server);
  }

  get url(): string {
    return this.#server.url;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.close();
  }
}
