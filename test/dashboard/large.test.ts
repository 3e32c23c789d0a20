/** The page with a ring of 500 nodes and 5,000 links, each second other ones: how it keeps up. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { OverlayTopology, PeerStatus } from '@evio/agent/control';
import { AccessToken, DashboardServer, loadPageFiles } from '@evio/agent/dashboard';
import { type NodeId, parseNodeId } from '@evio/types';
import { agentControl, peer, status } from '../../packages/agent/src/control/fixture.ts';
import { tell } from '../scenarios/cast.ts';
import { LabBrowser, picture } from './browser.ts';

const NODES = 500;
const LINKS = 5_000;
const SECONDS = 5;

const idOf = (number: number): NodeId =>
  parseNodeId(createHash('sha256').update(`node ${number}`).digest('hex').slice(0, 32));
const at = <T>(list: readonly T[], index: number): T => {
  const found = list[index % list.length];
  if (found === undefined) throw new RangeError(`nothing at ${index}`);
  return found;
};

/** A ring as one agent would tell it; `turn` moves round trips and traffic, and some links. */
function ringAt(turn: number): { peers: PeerStatus[]; topology: OverlayTopology } {
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

/** For the page: when each frame was drawn, in milliseconds, for so many seconds. */
const frameTimes = (seconds: number) => `new Promise(resolve => {
  const times = [];
  const frame = time => {
    times.push(time);
    if (time - times[0] < ${seconds * 1_000}) requestAnimationFrame(frame);
    else resolve(times);
  };
  requestAnimationFrame(frame);
})`;

test('a ring of 500 nodes and 5,000 links is drawn and kept up to date', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'evio-large-'));
  const began = Date.now();
  const now = () => ringAt(Math.floor((Date.now() - began) / 1_000));
  const server = await DashboardServer.listen({
    control: agentControl({ status: () => status(now().peers), topology: () => [now().topology] }),
    listen: { address: '127.0.0.1', port: 0 },
    token: AccessToken.loadOrCreate(directory),
    files: loadPageFiles(),
    onFault: error => {
      throw error;
    },
  });
  try {
    await using browser = await LabBrowser.start();
    const { origin } = new URL(server.url);
    const { page, faults } = await browser.page(origin, { viewport: { width: 1280, height: 900 } });
    const opened = performance.now();
    await page.goto(server.url);
    await page.getByText('499 of 499').waitFor();
    await page.locator('.ring canvas').first().waitFor({ state: 'attached' });
    const firstView = performance.now() - opened;
    const frames = await page.evaluate<number[]>(frameTimes(SECONDS));
    const elapsed = ((frames.at(-1) ?? 0) - (frames[0] ?? 0)) / 1_000;
    const gaps = frames.slice(1).map((time, index) => time - (frames[index] ?? time));
    tell(
      `${NODES} nodes, ${LINKS} links: first view after ${firstView.toFixed(0)} ms, then ` +
        `${((frames.length - 1) / elapsed).toFixed(0)} frames a second (longest ${Math.max(...gaps).toFixed(0)} ms)`,
    );
    assert.equal(await page.getByText('needs WebGL').count(), 0);
    await picture(page, 'dashboard-large');
    assert.deepEqual(faults, []);
  } finally {
    await server.close();
    await rm(directory, { recursive: true, force: true });
  }
});
