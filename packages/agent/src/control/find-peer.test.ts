import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findPeer, listPeers } from './find-peer.ts';
import { nodeId, peer, status } from './fixture.ts';

const two = status([
  peer('b', { addresses: ['10.10.0.2/16', 'fd00::2/64'] }),
  peer('c', { addresses: ['10.10.0.3/16'], name: 'cellar' }),
]);

test('a peer is found by id, prefix, account, name and overlay address', () => {
  for (const text of [nodeId('c'), 'cccc', 'CCCCC', 'edge-c@example.org', 'cellar', '10.10.0.3']) {
    assert.equal(findPeer(two, text).id, nodeId('c'), text);
  }
  assert.equal(findPeer(two, 'FD00:0:0::2').id, nodeId('b'));
});

test('a prefix that is too short to be meant is not taken', () => {
  assert.throws(() => findPeer(two, 'ccc'), { code: 'NODE_UNKNOWN' });
});

test('what fits several nodes is refused, with the choices', () => {
  const same = status([peer('b', { name: 'twin' }), peer('c', { name: 'twin' })]);
  assert.throws(() => findPeer(same, 'twin'), {
    code: 'NODE_AMBIGUOUS',
    message: /bbbb.* \(twin, edge-b@example\.org\); cccc/,
  });
});

test('a name that is the beginning of an id means the name', () => {
  const tricky = status([peer('b'), peer('c', { name: 'bbbb' })]);
  assert.equal(findPeer(tricky, 'bbbb').id, nodeId('c'));
});

test('a node in several overlays is one node, taken in the overlay that is asked for', () => {
  const [overlay] = two.overlays;
  assert.ok(overlay);
  const both = { ...two, overlays: [overlay, { ...overlay, name: 'pods' }] };
  assert.equal(findPeer(both, 'cellar').overlay, 'edge');
  assert.equal(findPeer(both, 'cellar', 'pods').overlay, 'pods');
  assert.equal(listPeers(both).length, 4);
});

test('unknown nodes, unknown overlays and this node itself are told', () => {
  assert.throws(() => findPeer(two, 'nobody'), { code: 'NODE_UNKNOWN', message: /evio peers/ });
  assert.throws(() => findPeer(status([]), 'nobody'), { message: /no other member is known yet/ });
  assert.throws(() => findPeer(two, 'edge-a'), { message: '"edge-a" is this node itself' });
  assert.throws(() => listPeers(two, 'x'), {
    code: 'OVERLAY_UNKNOWN',
    message: 'no overlay "x"; there is edge',
  });
});
