import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { askServers } from './check-servers.ts';

const COOKIE = Buffer.from([0x21, 0x12, 0xa4, 0x42]);

/**
 * A STUN server (RFC 8489 §14.2) on loopback that claims to see the port plus `shift`, as one behind
 * a NAT would.
 */
async function stunServer(t: TestContext, shift: number) {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.after(() => socket.close());
  socket.on('message', (request, remote) => {
    const address = Buffer.from(remote.address.split('.').map(Number));
    const port = Buffer.alloc(2);
    port.writeUInt16BE(remote.port + shift);
    const masked = (bytes: Buffer) => bytes.map((byte, index) => byte ^ (COOKIE[index] ?? 0));
    const attribute = [0x00, 0x20, 0x00, 0x08, 0x00, 0x01, ...masked(port), ...masked(address)];
    const header = [0x01, 0x01, 0x00, attribute.length, ...request.subarray(4, 20)];
    socket.send(Buffer.from([...header, ...attribute]), remote.port, remote.address);
  });
  const { port } = socket.address();
  return { kind: 'stun', transport: 'udp', endpoint: { address: '127.0.0.1', port } } as const;
}

test('servers are asked from one socket, and what each sees is told', async t => {
  const servers = [await stunServer(t, 0), await stunServer(t, 1)];
  const { mappings } = await askServers('127.0.0.1', servers);
  assert.deepEqual(mappings.map(({ mapped, local }) => mapped.port - local.port).sort(), [0, 1]);
});
