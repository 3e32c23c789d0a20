import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Invitation } from '@evio/types';
import { parse } from 'yaml';
import { filesOf, presenceOf, withOverlays, withoutOverlay } from './config-text.ts';

const EDGE = { name: 'edge', address: '10.10.0.2/16' };
const INVITATION: Invitation = {
  account: 'edge-b@example.org',
  password: 'once',
  service: 'xmpps://203.0.113.10:5223',
  pin: new Uint8Array(32),
  expires: 0,
  overlays: [EDGE],
};

test('a first invitation makes a whole configuration', () => {
  assert.deepEqual(parse(withOverlays(undefined, INVITATION)), {
    name: 'edge-b',
    overlays: [
      {
        name: 'edge',
        xmpp: {
          jid: 'edge-b@example.org',
          password_file: 'edge.password',
          service: 'xmpps://203.0.113.10:5223',
          ca: 'edge.ca.pem',
        },
        interface: { name: 'evio0', address: ['10.10.0.2/16'] },
      },
    ],
  });
});

const OTHER = `# mine
log: { level: debug } # loud
overlays:
  - name: cloud # by hand
    xmpp: { jid: b@example.org, password_file: cloud.password }
`;

test('another overlay is added, and what was written stays, comments included', () => {
  const text = withOverlays(OTHER, INVITATION);
  for (const part of ['# mine', '# loud', '# by hand']) assert.ok(text.includes(part), part);
  const { overlays, name } = parse(text);
  assert.equal(name, undefined);
  assert.deepEqual(
    overlays.map((overlay: { name: string }) => overlay.name),
    ['cloud', 'edge'],
  );
  // The overlay without a name for its interface has evio0.
  assert.equal(overlays[1].interface.name, 'evio1');
  assert.equal(parse(withoutOverlay(text, 'edge') ?? '').overlays.length, 1);
  assert.ok(withoutOverlay(text, 'edge')?.includes('# by hand'));
});

test('the last overlay takes the configuration with it; one that is not there, nothing', () => {
  assert.equal(withoutOverlay(OTHER, 'cloud'), undefined);
  assert.equal(withoutOverlay(OTHER, 'edge'), OTHER);
});

test('an overlay of the same account, hub and address is the same, any other is not', () => {
  const text = withOverlays(OTHER, INVITATION);
  assert.equal(presenceOf(undefined, INVITATION, EDGE), 'absent');
  assert.equal(presenceOf(OTHER, INVITATION, EDGE), 'absent');
  assert.equal(presenceOf(text, INVITATION, EDGE), 'same');
  assert.equal(presenceOf(text, { ...INVITATION, account: 'c@example.org' }, EDGE), 'other');
  assert.equal(presenceOf(text, INVITATION, { ...EDGE, address: '10.10.0.3/16' }), 'other');
});

test('an overlay that is replaced keeps its place and its interface', () => {
  const text = withOverlays(OTHER.replace('cloud #', 'edge #'), INVITATION);
  const { overlays } = parse(text);
  assert.equal(overlays.length, 1);
  assert.equal(overlays[0].xmpp.jid, 'edge-b@example.org');
  assert.equal(overlays[0].interface.name, 'evio0');
});

test('a configuration whose list of overlays is empty gets one', () => {
  assert.equal(parse(withOverlays('name: b\noverlays:\n', INVITATION)).overlays.length, 1);
});

test('an overlay takes with it the files beside the configuration that it alone names', () => {
  const text = withOverlays(OTHER, INVITATION);
  assert.deepEqual(filesOf(text, withoutOverlay(text, 'edge'), 'edge'), [
    'edge.password',
    'edge.ca.pem',
  ]);
  const elsewhere = text.replaceAll('edge.password', '/root/edge.password');
  const shared = elsewhere.replaceAll('cloud.password', 'edge.ca.pem');
  assert.deepEqual(filesOf(shared, withoutOverlay(shared, 'edge'), 'edge'), []);
  assert.deepEqual(filesOf(text, undefined, 'nobody'), []);
});
