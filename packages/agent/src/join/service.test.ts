import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunCommand } from '../system/index.ts';
import { systemdService } from './service.ts';

const FILE = '/etc/evio/evio.yaml';

/** A systemctl that says `no` to the commands that begin with one of these words. */
function systemctl(no: readonly string[] = []): { run: RunCommand; asked: string[] } {
  const asked: string[] = [];
  const run: RunCommand = async (program, args) => {
    asked.push([program, ...args].join(' '));
    const refused = no.some(word => args[0] === word);
    return { code: refused ? 1 : 0, stdout: '', stderr: refused ? 'no\n' : '' };
  };
  return { run, asked };
}

test('where systemd does not run, or has no unit for the file, there is no service', async () => {
  assert.equal(await systemdService('/root/evio.yaml', systemctl().run, true), undefined);
  assert.equal(await systemdService(FILE, systemctl().run, false), undefined);
  assert.equal(await systemdService(FILE, systemctl(['cat']).run, true), undefined);
});

test('a unit that does not run is enabled and started, one that runs reads again', async () => {
  const stopped = systemctl(['is-active']);
  await (await systemdService(FILE, stopped.run, true))?.start({ restart: false });
  assert.equal(stopped.asked.at(-1), 'systemctl enable --now evio.service');
  const running = systemctl();
  await (await systemdService(FILE, running.run, true))?.start({ restart: false });
  assert.deepEqual(running.asked.slice(-2), [
    'systemctl reload evio.service',
    'systemctl enable evio.service',
  ]);
  await (await systemdService(FILE, running.run, true))?.start({ restart: true });
  assert.ok(running.asked.includes('systemctl restart evio.service'));
});

test('what systemctl refuses is told with its words', async () => {
  const service = await systemdService(FILE, systemctl(['disable']).run, true);
  await assert.rejects(async () => service?.stop(), {
    code: 'SERVICE_FAILED',
    message: 'systemctl disable --now evio.service: no',
  });
});
