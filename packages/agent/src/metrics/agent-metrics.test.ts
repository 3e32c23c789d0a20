import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COUNTER_NAMES } from '@evio/datapath';
import { peer, status } from '../control/fixture.ts';
import { agentMetrics } from './agent-metrics.ts';
import { nodeIdFromNumber } from './fixture.ts';

const scrape = (of = status(), peerSeries = 200) =>
  agentMetrics({ status: () => of, peerSeries }).metrics();

function linesOf(text: string, name: string): string[] {
  return text
    .split('\n')
    .filter(line => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
}

test('the overlay, its links and its peers are told', async () => {
  const text = await scrape();
  assert.deepEqual(linesOf(text, 'evio_signaling_state'), [
    'evio_signaling_state{overlay="edge",state="online"} 1',
    'evio_signaling_state{overlay="edge",state="connecting"} 0',
    'evio_signaling_state{overlay="edge",state="offline"} 0',
  ]);
  assert.ok(text.includes('evio_links{overlay="edge",role="successor",path="direct"} 1'));
  assert.ok(text.includes('evio_links{overlay="edge",role="shortcut",path="turn"} 0'));
  assert.ok(text.includes('evio_peers{overlay="edge",session="up"} 1'));
  assert.ok(
    text.includes(
      `evio_peer_rtt_seconds{overlay="edge",peer="edge-b",id="${'b'.repeat(32)}"} 0.0125`,
    ),
  );
  assert.ok(text.includes('evio_keys_agreed_total{overlay="edge"} 1'));
  assert.ok(text.includes('evio_candidates{type="srflx"} 1'));
});

test('a second scrape says the totals again, not their double', async () => {
  const registry = agentMetrics({ status: () => status(), peerSeries: 200 });
  const received = async () => linesOf(await registry.metrics(), 'evio_peer_receive_bytes_total');
  assert.deepEqual(await received(), await received());
});

test('what is gone is not told any more', async () => {
  let now = status();
  const registry = agentMetrics({ status: () => now, peerSeries: 200 });
  await registry.metrics();
  now = status([]);
  assert.deepEqual(linesOf(await registry.metrics(), 'evio_peer_session_up'), []);
});

test('peers beyond the bound are one series together, and linked ones are told first', async () => {
  const known = ['c', 'd'].map(letter => peer(letter, { role: 'none', reachable: false }));
  const text = await scrape(status([...known, peer('b')]), 1);
  assert.match(linesOf(text, 'evio_peer_session_up').join(), /^[^,]*,peer="edge-b",[^,]*$/);
  assert.ok(text.includes('evio_peer_series_omitted{overlay="edge"} 2'));
  assert.ok(text.includes('evio_unreachable_peers{overlay="edge"} 2'));
  assert.deepEqual(linesOf(text, 'evio_peer_receive_bytes_total').slice(1), [
    'evio_peer_receive_bytes_total{overlay="edge",peer="other",id=""} 2048',
  ]);
});

test('the event loop is looked at by us, not a hundred times a second by prom-client', async () => {
  const names = linesOf(await scrape(), 'nodejs_eventloop_lag_p99_seconds');
  assert.equal(names.length, 1);
  assert.doesNotMatch(await scrape(), /nodejs_eventloop_lag_p50/);
});

test('a scrape of an agent with 100 peers is at most 200 kB', async () => {
  const peers = Array.from({ length: 100 }, (_, index) =>
    peer('b', {
      id: nodeIdFromNumber(index),
      name: `edge-of-a-long-name-${index}`,
      rxBytes: 123_456_789_012,
      txBytes: 123_456_789_012,
    }),
  );
  const counters = Object.fromEntries(COUNTER_NAMES.map(name => [name, 123_456_789]));
  const text = await scrape({ ...status(peers), counters });
  assert.equal(linesOf(text, 'evio_peer_session_up').length, 100);
  assert.ok(text.length <= 200_000, `${text.length} bytes`);
});

test('pods are told where the agent is a CNI plugin', async () => {
  const cni = {
    socket: '/run/evio/cni.sock',
    bridge: 'evio-pods',
    mtu: 1400,
    ranges: ['10.244.1.0/24'],
    addresses: { size: 254, taken: 4 },
    pods: [],
    commands: { ADD: { calls: 5, failures: 1, ms: 12 } },
  };
  const text = await scrape({ ...status(), cni });
  assert.ok(text.includes('evio_pods 0'));
  assert.ok(text.includes('evio_pod_addresses{state="free"} 250'));
  assert.ok(text.includes('evio_cni_commands_total{command="ADD",outcome="done"} 4'));
});
