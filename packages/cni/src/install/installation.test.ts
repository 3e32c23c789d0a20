import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { conflistText } from './conflist.ts';
import { Installation, type Places } from './installation.ts';

let directory = '';
let places: Places;
let installation: Installation;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'evio-install-'));
  places = {
    binDir: join(directory, 'bin'),
    confDir: join(directory, 'net.d'),
    conflist: '10-evio.conflist',
  };
  writeFileSync(join(directory, 'evio-cni'), 'program');
  installation = new Installation(places, join(directory, 'evio-cni'));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

test('what is installed is found again, and goes as it came', () => {
  assert.equal(installation.status().problems.length, 2);
  installation.install();
  assert.deepEqual(installation.status().problems, []);
  assert.equal(statSync(join(places.binDir, 'evio')).mode & 0o777, 0o755);
  assert.deepEqual(readdirSync(places.confDir), ['10-evio.conflist']);
  installation.install(); // over what is there
  installation.uninstall();
  assert.deepEqual([readdirSync(places.binDir), readdirSync(places.confDir)], [[], []]);
  installation.uninstall();
});

test('portmap is chained only where it is installed', () => {
  const types = () => {
    const text = readFileSync(join(places.confDir, places.conflist), 'utf8');
    return JSON.parse(text).plugins.map(({ type }: { type: string }) => type);
  };
  installation.install();
  assert.deepEqual(types(), ['evio']);
  writeFileSync(join(places.binDir, 'portmap'), '');
  installation.install();
  assert.deepEqual(types(), ['evio', 'portmap']);
});

test('an older plugin, and a configuration that comes before ours, are told', () => {
  installation.install();
  writeFileSync(join(directory, 'evio-cni'), 'newer');
  writeFileSync(join(places.confDir, '05-other.conflist'), '{}');
  const { plugin, first, problems } = installation.status();
  assert.deepEqual([plugin.state, first, problems.length], ['other', '05-other.conflist', 2]);
});

test('when the plugin cannot be installed, the configuration is not touched', () => {
  mkdirSync(join(places.binDir, 'evio'), { recursive: true });
  assert.throws(() => installation.install(), { code: 'CNI_INSTALL_FAILED' });
  assert.equal(installation.status().conflist.state, 'missing');
});

test('the configuration in config/ is the one that is installed', () => {
  const file = new URL('../../../../config/cni/10-evio.conflist', import.meta.url);
  assert.equal(readFileSync(file, 'utf8'), conflistText());
});
