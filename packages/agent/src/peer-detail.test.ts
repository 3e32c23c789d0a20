import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OverlayHandle, PeerCounters, PeerHandle } from '@evio/datapath';
import { parseEndpoint, parseMac } from '@evio/types';
import { nodeId } from './control/fixture.ts';
import { peerDetail } from './peer-detail.ts';

const B = nodeId('b');
const HANDLE = 7 as PeerHandle;
const MAC = parseMac('02:00:00:00:00:0b');
const BRIDGED = parseMac('02:00:00:00:00:07');
const host = { type: 'host', endpoint: parseEndpoint('192.0.2.1:41000') } as const;
const srflx = { type: 'srflx', endpoint: parseEndpoint('198.51.100.7:3000') } as const;
const pair = { local: host, remoteCandidate: srflx, relayed: false } as const;
const record = { mac: MAC, pods: { ranges: ['10.42.1.0/24'] } };

type Args = Parameters<typeof peerDetail>;
const overlay: Args[0] = {
  config: { name: 'edge' },
  handle: 1 as OverlayHandle,
  members: { get: id => (id === B ? { record } : undefined) },
  peers: new Map([
    [
      B,
      {
        handle: HANDLE,
        record,
        pairs: [
          { ...pair, state: 'succeeded', selected: true, rttMs: 12.5 },
          { ...pair, state: 'waiting', selected: false, rttMs: undefined },
        ],
      },
    ],
  ]),
};
const datapath: Args[2] = {
  peerCounters: handle => {
    assert.equal(handle, HANDLE);
    const counters = { rxBytes: 1, txBytes: 2, rxFrames: 3, txFrames: 4, pathMtu: 1_400 };
    return { ...counters, lastReceivedMs: 40 } satisfies PeerCounters;
  },
  macTable: () => [
    { mac: MAC, owner: HANDLE, ageSeconds: 1 },
    { mac: BRIDGED, owner: HANDLE, ageSeconds: 2 },
    { mac: parseMac('02:00:00:00:00:08'), owner: 'local', ageSeconds: 3 },
    { mac: parseMac('02:00:00:00:00:09'), owner: 8 as PeerHandle, ageSeconds: 4 },
  ],
};
const underlay = { candidates: [host] };

test('a peer is shown with its pairs, its frames, and what is behind it but itself', () => {
  const shown = { type: 'host', endpoint: '192.0.2.1:41000' };
  const theirs = { type: 'srflx', endpoint: '198.51.100.7:3000' };
  const ends = { relayed: false, local: shown, remote: theirs };
  assert.deepEqual(peerDetail(overlay, B, datapath, underlay), {
    overlay: 'edge',
    id: B,
    offered: [shown],
    pairs: [
      { ...ends, state: 'succeeded', selected: true, rttMs: 12.5 },
      { ...ends, state: 'waiting', selected: false, rttMs: null },
    ],
    heardMs: 40,
    rxFrames: 3,
    txFrames: 4,
    leaf: false,
    podRanges: ['10.42.1.0/24'],
    devices: [{ mac: BRIDGED, ageSeconds: 2 }],
  });
});

test('a member without a link has nothing of one, not even what is behind this node', () => {
  const unlinked = { ...overlay, peers: new Map() };
  const { pairs, heardMs, rxFrames, devices, podRanges } = peerDetail(
    unlinked,
    B,
    datapath,
    underlay,
  );
  assert.deepEqual(
    { pairs, heardMs, rxFrames, devices, podRanges },
    { pairs: [], heardMs: null, rxFrames: 0, devices: [], podRanges: ['10.42.1.0/24'] },
  );
});

test('one that is a member no more is shown as its link knows it', () => {
  const left = { ...overlay, members: { get: () => undefined } };
  assert.equal(peerDetail(left, B, datapath, underlay).pairs.length, 2);
});

test('a node that nobody knows is none', () => {
  assert.throws(() => peerDetail(overlay, nodeId('c'), datapath, underlay), {
    code: 'NODE_UNKNOWN',
    message: `no node ${nodeId('c')} in "edge"`,
  });
});
