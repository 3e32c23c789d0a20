/**
 * Links whose datagrams travel in TURN channels, by UDP and on a TCP stream.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { NamespacePair } from './namespace-pair.ts';

for (const kind of ['udp', 'stream'] as const) {
  test(`handshakes, frames' sessions and STUN go through a TURN channel (${kind})`, async () => {
    await using pair = await NamespacePair.create();
    const { stdout } = await pair.a.exec([
      process.execPath,
      join(import.meta.dirname, 'relayed-pair.ts'),
      kind,
    ]);
    const result = JSON.parse(stdout);
    assert.equal(result.via.kind, 'turn');
    assert.equal(result.via.channel, 0x4005);
    assert.equal(result.answered, 28);
    assert.deepEqual(result.echo, { token: 9, datagramBytes: 1200 });
    assert.equal(result.control, 3000);
    assert.equal(result.path.kind, 'turn');
    assert.equal(result.forged, 0);
    if (kind === 'stream') {
      assert.equal(result.opened.state, 'open');
      assert.equal(result.opened.local.address, '127.0.0.1');
      assert.equal(result.closed.state, 'closed');
    }
  });
}
