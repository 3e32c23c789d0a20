import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { isPrivate, renderCoturn } from './coturn-config.ts';
import { SETTINGS } from './fixture.ts';
import { renderGroups } from './groups-file.ts';
import { layoutOf, nodeFiles } from './layout.ts';
import { renderNodeConfig, serviceUrl } from './node-config.ts';
import { renderProsody } from './prosody-config.ts';

const layout = layoutOf('/hub');

test('the groups file has a section for each overlay and its members in order', () => {
  assert.equal(
    renderGroups(SETTINGS),
    '[edge]\nedge-a@example.org=edge-a\nedge-b@example.org=edge-b\n' +
      '[cloud]\nedge-a@example.org=edge-a\n',
  );
});

test("a node's configuration has one overlay for each membership", () => {
  assert.deepEqual(parse(renderNodeConfig(SETTINGS, 'edge-a')), {
    name: 'edge-a',
    overlays: [
      {
        name: 'edge',
        xmpp: {
          jid: 'edge-a@example.org',
          password_file: 'password',
          service: 'xmpps://192.0.2.1:5223',
          ca: 'ca.pem',
        },
        interface: { name: 'evio0', address: ['10.10.0.1/16'] },
      },
      {
        name: 'cloud',
        xmpp: {
          jid: 'edge-a@example.org',
          password_file: 'password',
          service: 'xmpps://192.0.2.1:5223',
          ca: 'ca.pem',
        },
        interface: { name: 'evio1', address: ['10.11.0.1/24'] },
      },
    ],
  });
});

test('nodes are sent to the first address, else to the domain', () => {
  assert.equal(
    serviceUrl({ ...SETTINGS, addresses: ['2001:db8::1'] }),
    'xmpps://[2001:db8::1]:5223',
  );
  assert.equal(serviceUrl({ ...SETTINGS, addresses: [] }), 'xmpps://example.org:5223');
});

test('Prosody offers STUN and every kind of TURN at every address', () => {
  const text = renderProsody({ ...SETTINGS, addresses: ['192.0.2.1', '2001:db8::1'] }, layout);
  assert.equal(text.match(/\["type"\] = "turns"/g)?.length, 2);
  assert.equal(text.match(/"2001:db8::1"/g)?.length, 4);
  assert.match(renderProsody({ ...SETTINGS, addresses: [] }, layout), /"host"\] = "example.org"/);
});

test('a hostile path stays in its quotes in Prosody’s file and is refused in coturn’s', () => {
  const hostile = layoutOf('/hub"\nadmins={"x"}');
  assert.ok(!/^admins=/m.test(renderProsody(SETTINGS, hostile)));
  assert.throws(() => renderCoturn(SETTINGS, hostile), { code: 'COTURN_VALUE' });
});

test('coturn relays to private networks only when told, never to itself', () => {
  const closed = renderCoturn(SETTINGS, layout);
  const open = renderCoturn({ ...SETTINGS, privatePeers: true }, layout);
  for (const text of [closed, open]) {
    assert.match(text, /^denied-peer-ip=127\.0\.0\.0-127\.255\.255\.255$/m);
    assert.match(text, /^denied-peer-ip=::ffff:0:0-/m);
    assert.doesNotMatch(text, /^denied-peer-ip=::-/m, 'which coturn takes for everything');
    assert.match(text, /^allowed-peer-ip=192\.0\.2\.1$/m);
  }
  assert.match(closed, /^denied-peer-ip=10\.0\.0\.0-/m);
  assert.doesNotMatch(open, /^denied-peer-ip=10\.0\.0\.0-/m);
  const loopback = { ...SETTINGS, addresses: ['127.0.0.1'], listen: ['127.0.0.1'] };
  assert.doesNotMatch(renderCoturn(loopback, layout), /allowed-peer-ip/);
});

test('an address that is another’s on the outside is told to coturn', () => {
  const nat = { ...SETTINGS, listen: ['10.0.0.5'] };
  assert.match(renderCoturn(nat, layout), /^external-ip=192\.0\.2\.1\/10\.0\.0\.5$/m);
  assert.doesNotMatch(renderCoturn(SETTINGS, layout), /external-ip/);
});

test('two addresses of a family let nodes test their NAT', () => {
  assert.match(renderCoturn(SETTINGS, layout), /^no-rfc5780$/m);
  const both = { ...SETTINGS, listen: ['192.0.2.1', '2001:db8::1'] };
  assert.match(renderCoturn(both, layout), /^no-rfc5780$/m);
  const two = { ...SETTINGS, listen: ['192.0.2.1', '192.0.2.2'] };
  assert.doesNotMatch(renderCoturn(two, layout), /^no-rfc5780$/m);
});

test('private addresses are told from public ones', () => {
  const inside = ['10.1.2.3', '172.31.0.1', '192.168.1.1', '100.64.0.1', 'fd00::1', 'FC00::1'];
  for (const address of inside) assert.ok(isPrivate(address), address);
  const outside = [
    '198.18.0.1',
    '172.32.0.1',
    '192.0.2.1',
    '100.128.0.1',
    '2001:db8::1',
    '127.0.0.1',
  ];
  for (const address of outside) assert.ok(!isPrivate(address), address);
});

test('a node’s folder can’t be outside', () => {
  assert.equal(nodeFiles(layout, 'a').dir, '/hub/nodes/a');
  assert.throws(() => nodeFiles(layout, '../prosody'), { code: 'NODE_NAME_INVALID' });
});
