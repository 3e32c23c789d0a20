import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeId } from './control/fixture.ts';
import { overlayReach } from './status.ts';

type Source = Parameters<typeof overlayReach>[0];
type Peer = Source['peers'] extends ReadonlyMap<unknown, infer P> ? P : never;

function peer(letter: string, over: Partial<Peer> = {}): Peer {
  const record = { id: nodeId(letter) } as Peer['record'];
  const path = { kind: 'overlay' } as const;
  return { record, path, silent: false, heardSince: () => false, ...over };
}

test('who is reached is told by id, with the state of the connection to the server', () => {
  const lost = nodeId('e');
  const all = [
    peer('b'),
    peer('c', { silent: true }),
    peer('d', { path: undefined }),
    peer('e'),
    peer('f'),
  ];
  const source: Source = {
    config: { name: 'edge' },
    signaling: { state: 'online' },
    ring: { lostSince: id => (id === lost ? 1_000 : undefined) },
    peers: new Map(all.map(each => [each.record.id, each])),
  };
  const peers = [nodeId('b'), nodeId('f')];
  assert.deepEqual(overlayReach(source), { overlay: 'edge', signaling: 'online', peers });
});
