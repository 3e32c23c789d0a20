import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Agent, Lab } from '../lab/index.ts';
import { join, pairs, tell } from './cast.ts';

/** A lost member is called every 30 s or so; then the two halves compare what they know. */
const REUNITED_WITHIN = 120_000;

test('two halves that are parted while the server is away go on, and find each other again', async () => {
  await using lab = await Lab.create({
    hub: true,
    sites: {
      cloud: { nat: 'none', hosts: ['cloud1', 'cloud2', 'cloud3'] },
      home: { nat: 'port-restricted', hosts: ['home1', 'home2', 'home3'] },
    },
  });
  const agents = await join(lab, undefined, config => {
    for (const overlay of config.overlays) overlay.topology = { successors: 2, shortcuts: 0 };
  });
  const half = (site: string) => agents.filter(({ name }) => name.startsWith(site));
  const [cloud, home] = [half('cloud'), half('home')];
  assert.deepEqual(await unreached(agents, agents, 30_000), []);
  await lab.hub.stop();

  const parted = lab.site('cloud').gateways[0].lan;
  await lab.internet.exec(['nft', '-f', '-'], {
    input: `table ip cut {
      chain forward {
        type filter hook forward priority 0
        ip saddr ${parted}.0/24 drop
        ip daddr ${parted}.0/24 drop
      }
    }`,
  });
  const cut = Date.now();
  for (const [one, ...others] of [
    [cloud[0], ...home],
    [home[0], ...cloud],
  ]) {
    await one?.until(
      'has lost the other half',
      async () => {
        const { peers } = await one.overlay();
        return others.every(
          other => peers.find(({ name }) => name === other?.name)?.path.kind === 'none',
        );
      },
      60_000,
    );
  }
  tell(`parted ${Date.now() - cut} ms after the cut`);
  for (const members of [cloud, home]) {
    assert.deepEqual(
      await unreached(members, members, 20_000),
      [],
      'each half is a ring of its own',
    );
  }

  await lab.internet.exec(['nft', 'delete', 'table', 'ip', 'cut']);
  const mended = Date.now();
  assert.deepEqual(await unreached(cloud, home, REUNITED_WITHIN), []);
  assert.deepEqual(await unreached(home, cloud, 10_000), []);
  tell(`one ring again ${((Date.now() - mended) / 1000).toFixed(1)} s after the cut was mended`);
  for (const [a, b] of pairs(agents)) assert.ok(await a.peer(b), `${a.name} knows ${b.name}`);
});

/** The pairs that do not reach each other in time. */
async function unreached(
  from: readonly Agent[],
  to: readonly Agent[],
  timeoutMs: number,
): Promise<string[]> {
  const tried = from.flatMap(a =>
    to
      .filter(b => b !== a)
      .map(async b => {
        const { ok } = await a.host.ping(b.address, { timeoutMs, intervalMs: 500 });
        return ok ? [] : [`${a.name} → ${b.name}`];
      }),
  );
  return (await Promise.all(tried)).flat();
}
