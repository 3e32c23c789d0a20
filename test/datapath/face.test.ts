/**
 * The TypeScript face on loopback: sockets, raw datagrams, errors, and that names stay in step.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { COUNTER_NAMES, Datapath, type OverlayHandle, type PeerHandle } from '@evio/datapath';
import type { NodeId } from '@evio/types';
import { filter, firstValueFrom, timeout } from 'rxjs';
import { ROOT } from '../lab/paths.ts';
import { idOf } from './node-ids.ts';

/** A STUN-like datagram: the first byte says so. */
const stun = new Uint8Array(20);

test('a port that was not asked for is free for both families', () => {
  const datapath = Datapath.open();
  assert.ok(datapath.port4 !== undefined && datapath.port4 > 0);
  if (datapath.port6 !== undefined) assert.equal(datapath.port6, datapath.port4);
  datapath.close();
});

test('a port that is taken is refused with a clear error', () => {
  const datapath = Datapath.open();
  assert.throws(() => Datapath.open({ port: datapath.port4 ?? 0 }), {
    code: 'SOCKET_FAILED',
    message: /in use/,
  });
  datapath.close();
});

for (const address of ['127.0.0.1', '::1']) {
  test(`a raw datagram comes up with the way back (${address})`, async t => {
    const here = Datapath.open();
    const there = Datapath.open();
    const port = address === '::1' ? there.port6 : there.port4;
    if (port === undefined || here.port6 === undefined) {
      t.skip('this host has no IPv6');
      return;
    }
    const first = firstValueFrom(
      there.events.pipe(
        filter(event => event.type === 'datagram'),
        timeout(5000),
      ),
    );
    here.send(stun, { kind: 'direct', remote: { address, port } });
    const event = await first;
    assert.deepEqual(event.bytes, stun);
    assert.deepEqual(event.local, { address, port });
    const answer = firstValueFrom(
      here.events.pipe(
        filter(one => one.type === 'datagram'),
        timeout(5000),
      ),
    );
    there.send(stun, event.via);
    assert.deepEqual((await answer).via, {
      kind: 'direct',
      remote: { address, port },
      source: address,
    });
    here.close();
    there.close();
  });
}

test('mistakes are errors with a code, the network is counted', () => {
  const datapath = Datapath.open();
  const gone = 65537 as PeerHandle;
  const direct = { kind: 'direct', remote: { address: '192.0.2.1', port: 1 } } as const;
  assert.throws(() => datapath.setPath(gone, direct), { code: 'PEER_UNKNOWN' });
  assert.throws(() => datapath.peerCounters(gone), { code: 'PEER_UNKNOWN' });
  const overlay = 1 as OverlayHandle;
  assert.throws(() => datapath.addPeer(overlay, idOf(1)), { code: 'OVERLAY_UNKNOWN' });
  assert.throws(() => datapath.setRoutes(overlay, []), { code: 'OVERLAY_UNKNOWN' });
  assert.throws(() => datapath.setCarries(overlay, false), { code: 'OVERLAY_UNKNOWN' });
  assert.throws(() => datapath.addPeer(overlay, 'node' as NodeId), { code: 'NODE_ID_INVALID' });
  const tap = { name: 'a-name-that-is-too-long', mtu: 1400, id: idOf(1) };
  assert.throws(() => datapath.openTap(tap), { code: 'TAP_FAILED' });
  const remote = { address: 'example.org', port: 1 };
  assert.throws(() => datapath.send(stun, { kind: 'direct', remote }), {
    code: 'ENDPOINT_INVALID',
    message: /example\.org/,
  });
  assert.throws(
    () =>
      datapath.openStream({
        remote: { address: '127.0.0.1', port: 1 },
        tls: { serverName: 'x', ca: 'no certificate' },
      }),
    { code: 'TLS_INVALID' },
  );
  datapath.send(stun, {
    kind: 'direct',
    remote: { address: '127.0.0.1', port: 9 },
    source: '203.0.113.9',
  });
  const counters = datapath.counters();
  assert.equal(counters.dropUnreachable + counters.dropSendFailed, 1);
  datapath.close();
  assert.throws(() => datapath.counters(), { code: 'DATAPATH_CLOSED' });
  datapath.close();
});

test('a stream to nobody says why it closed', async () => {
  const datapath = Datapath.open();
  const closed = firstValueFrom(
    datapath.events.pipe(
      filter(event => event.type === 'stream'),
      timeout(5000),
    ),
  );
  const stream = datapath.openStream({ remote: { address: '127.0.0.1', port: 9 } });
  const event = await closed;
  assert.equal(event.stream, stream);
  assert.equal(event.state, 'closed');
  assert.match(event.error ?? '', /refused/);
  datapath.close();
});

test('names of counters are the same in the engine, here and on the page', () => {
  const header = readFileSync(join(ROOT, 'packages/datapath/native/counters.h'), 'utf8');
  const table = header.slice(header.indexOf('#define EVIO_COUNTERS'), header.indexOf('enum class'));
  const engine = [...table.matchAll(/\bX\((\w+)\)/g)].map(([, name]) => name);
  assert.deepEqual(
    engine.filter(name => name !== undefined),
    [...COUNTER_NAMES],
  );
  const page = readFileSync(join(ROOT, 'docs/protocol.md'), 'utf8');
  assert.deepEqual(
    COUNTER_NAMES.filter(name => !page.includes(`\`${name}\``)),
    [],
  );
});

test('an idle datapath uses no processor time', async () => {
  const datapath = Datapath.open();
  await new Promise(resolve => setTimeout(resolve, 200));
  const before = process.cpuUsage();
  await new Promise(resolve => setTimeout(resolve, 2000));
  const { user, system } = process.cpuUsage(before);
  assert.ok(user + system < 20_000, `used ${user + system} µs of 2 s`);
  datapath.close();
});
