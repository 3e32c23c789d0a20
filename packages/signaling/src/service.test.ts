import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseService } from './service.ts';

test('a service names a host, a port and when TLS begins', () => {
  const configured = true;
  assert.deepEqual(parseService('xmpps://xmpp.example.org'), {
    host: 'xmpp.example.org',
    port: 5223,
    security: 'direct',
    configured,
  });
  assert.deepEqual(parseService('xmpp://[2001:db8::1]:1234/'), {
    host: '2001:db8::1',
    port: 1234,
    security: 'starttls',
    configured,
  });
});

test('anything else is refused with what is expected', () => {
  for (const service of ['example.org', 'http://x', 'xmpp://', 'xmpp://x:0', 'xmpp://[1.2.3.4]']) {
    assert.throws(() => parseService(service), { code: 'SERVICE_INVALID', message: /xmpps:/ });
  }
});
