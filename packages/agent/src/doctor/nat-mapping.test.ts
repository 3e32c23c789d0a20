import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEndpoint } from '@evio/types';
import { describeNat } from './check-servers.ts';
import { classifyMapping } from './nat-mapping.ts';

const seen = (server: string, mapped: string, local = '192.168.1.5:41000') => ({
  local: parseEndpoint(local),
  server: parseEndpoint(server),
  mapped: parseEndpoint(mapped),
});

test('the kind of mapping follows from what servers see', () => {
  const a = seen('192.0.2.1:3478', '203.0.113.9:5000');
  assert.equal(classifyMapping([]), 'undecided');
  assert.equal(classifyMapping([a]), 'undecided');
  assert.equal(
    classifyMapping([a, seen('192.0.2.2:3478', '203.0.113.9:5000')]),
    'endpoint-independent',
  );
  assert.equal(
    classifyMapping([a, seen('192.0.2.2:3478', '203.0.113.9:5001')]),
    'address-dependent',
  );
  assert.equal(
    classifyMapping([a, seen('192.0.2.1:3479', '203.0.113.9:5001')]),
    'address-dependent',
  );
  assert.equal(classifyMapping([a, seen('192.0.2.1:3479', '203.0.113.9:5000')]), 'undecided');
  assert.equal(classifyMapping([seen('192.0.2.1:3478', '192.168.1.5:41000')]), 'none');
});

test('a person is told what the NAT means for links, and what to do', () => {
  const symmetric = describeNat(
    'edge',
    '192.168.1.5',
    [],
    [seen('192.0.2.1:3478', '203.0.113.9:5000'), seen('192.0.2.2:3478', '203.0.113.9:5001')],
  );
  assert.equal(symmetric.state, 'uneasy');
  assert.match(symmetric.mend ?? '', /listen\.port/);
});

test('blocked UDP is broken, unless TURN by TCP is there', () => {
  const endpoint = parseEndpoint('192.0.2.1:3478');
  const udp = { kind: 'turn', transport: 'udp', endpoint } as const;
  assert.equal(describeNat('edge', '192.168.1.5', [udp], []).state, 'broken');
  const tls = { ...udp, transport: 'tls' } as const;
  assert.equal(describeNat('edge', '192.168.1.5', [udp, tls], []).state, 'uneasy');
});
