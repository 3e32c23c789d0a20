import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Invitation } from '@evio/types';
import { configDirectory } from '../config/fixture.ts';
import { checkFiles } from './check-files.ts';
import { withOverlays } from './config-text.ts';

const INVITATION: Invitation = {
  account: 'edge-b@example.org',
  password: 'once',
  service: 'xmpps://203.0.113.10:5223',
  expires: 0,
  overlays: [{ name: 'lab', address: '10.20.0.2/16' }],
};

function place() {
  const directory = configDirectory();
  const configFile = join(directory.path, 'evio.yaml');
  const check = (over: object = {}) =>
    checkFiles({
      invitation: INVITATION,
      configFile,
      before: undefined,
      force: false,
      begun: false,
      ...over,
    });
  return { directory, check };
}

test('where nothing is, everything fits', () => {
  const { directory, check } = place();
  using _ = directory;
  assert.deepEqual(check(), { present: false, replaces: false });
});

test('what is there of the same account is there', () => {
  const { directory, check } = place();
  using _ = directory;
  directory.write('lab.password', 'mine\n');
  const before = withOverlays(undefined, INVITATION);
  directory.write('evio.yaml', before);
  assert.deepEqual(check({ before }), { present: true, replaces: false });
});

test('an overlay of another account is replaced by force alone', () => {
  const { directory, check } = place();
  using _ = directory;
  directory.write('lab.password', 'mine\n');
  const before = withOverlays(undefined, { ...INVITATION, account: 'c@example.org' });
  directory.write('evio.yaml', before);
  assert.throws(() => check({ before }), { code: 'JOIN_OVERLAY_EXISTS', mend: /evio leave lab/ });
  assert.deepEqual(check({ before, force: true }), { present: false, replaces: true });
});

test('a secret that nobody names is replaced by force, or by who has begun to write it', () => {
  const { directory, check } = place();
  using _ = directory;
  directory.write('lab.password', 'whose?\n');
  assert.throws(() => check(), { code: 'JOIN_FILE_EXISTS', message: /lab\.password is there/ });
  assert.equal(check({ begun: true }).present, false);
  assert.equal(check({ force: true }).present, false);
});

test('a configuration that is wrong is not touched', () => {
  const { directory, check } = place();
  using _ = directory;
  const before = 'nmae: x\n';
  directory.write('evio.yaml', before);
  assert.throws(() => check({ before }), { code: 'CONFIG_INVALID', mend: /evio check/ });
});
