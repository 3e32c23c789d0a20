/** The Debian package by itself, installed by dpkg on Debian with systemd. */
import assert from 'node:assert/strict';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { Lab } from '../lab/index.ts';
import { buildPackage } from './build-package.ts';
import { diskPaths } from './disk-paths.ts';
import { Machine } from './machine.ts';

test('installed without a configuration it waits for one; purged it leaves nothing', async () => {
  await using lab = await Lab.create({ sites: { lan: { hosts: ['a'] } } });
  const file = await buildPackage(join(lab.directory, 'package'), '1.0.0');
  const directory = join(lab.directory, 'a');
  await using machine = await Machine.boot(directory, lab.host('a').namespace.name);
  const before = await diskPaths(machine);

  await machine.bring(file);
  await machine.sh(`dpkg --install ${basename(file)}`);
  assert.match((await machine.exec(['evio', '--version'])).stdout, /^\d+\.\d+\.\d+$/m);
  assert.match((await machine.exec(['getent', 'group', 'evio'])).stdout, /^evio:/);
  const states = async (unit: string) => [
    await machine.property('UnitFileState', unit),
    await machine.property('ActiveState', unit),
  ];
  assert.deepEqual(await states('evio.service'), ['enabled', 'inactive']);
  assert.equal(await machine.property('ConditionResult'), 'no');
  assert.deepEqual(await states('evio-hub.service'), ['disabled', 'inactive']);
  assert.equal((await machine.exec(['dpkg', '--verify', 'evio'])).stdout, '');

  await machine.exec(['dpkg', '--remove', 'evio']);
  assert.equal((await machine.exec(['ls', '/etc/evio'])).stdout, 'evio.yaml.example\n');
  assert.equal((await machine.exec(['test', '-e', '/usr/lib/evio'], { check: false })).code, 1);
  await machine.exec(['dpkg', '--purge', 'evio']);
  assert.deepEqual(await diskPaths(machine), before);
});
