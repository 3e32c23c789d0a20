/** The agent as a systemd service: the unit's hardening, and messages over a real NOTIFY_SOCKET. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createServiceNotifier } from '../../packages/agent/src/system/index.ts';

const unit = fileURLToPath(new URL('../../systemd/evio.service', import.meta.url));

test('systemd-analyze rates the exposure of the unit 3.0 or better', () => {
  const args = ['security', '--no-pager', '--offline=true', '--threshold=30', unit];
  const { status, stdout, stderr } = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
  assert.equal(status, 0, `${stdout}${stderr}`);
});

test('the units have no directive that systemd does not know', () => {
  const args = ['verify', '--man=no', unit, unit.replace('evio.', 'evio-hub.')];
  const { stdout, stderr } = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
  const said = `${stdout}${stderr}`.split('\n').filter(line => !/not executable|^$/.test(line));
  assert.deepEqual(said, []);
});

/** Prints each datagram as a JSON string; Node has no datagram unix sockets. */
const RECEIVER = `
import json, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('"bound"', flush=True)
while True:
    print(json.dumps(s.recv(4096).decode()), flush=True)
`;

test('systemd hears that the agent is ready, alive and stopping', { timeout: 20_000 }, async t => {
  const directory = mkdtempSync(join(tmpdir(), 'evio-notify-'));
  const socket = join(directory, 'notify');
  const receiver = spawn('python3', ['-c', RECEIVER, socket], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => {
    receiver.kill();
    rmSync(directory, { recursive: true, force: true });
  });
  const lines = createInterface({ input: receiver.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => JSON.parse((await lines.next()).value ?? 'null');
  assert.equal(await next(), 'bound');

  const faults: Error[] = [];
  const notify = createServiceNotifier({
    environment: { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '200000' },
    onFault: error => faults.push(error),
  });
  notify.ready('2 overlays');
  // systemd-notify may follow with BARRIER=1, for systemd itself.
  const nextMessage = async () => {
    for (;;) {
      const text = await next();
      if (text !== 'BARRIER=1') return text;
    }
  };
  assert.equal(await nextMessage(), 'READY=1\nSTATUS=2 overlays');
  notify.watch(() => true);
  // The watchdog's timer does not keep a process alive; the receiver's output does.
  assert.equal(await nextMessage(), 'WATCHDOG=1');
  notify.close();
  notify.stopping();
  for (let text = await nextMessage(); ; text = await nextMessage()) {
    if (text === 'WATCHDOG=1') continue;
    assert.equal(text, 'STOPPING=1\nSTATUS=stopping');
    break;
  }
  assert.deepEqual(faults, []);
  receiver.kill();
  await once(receiver, 'exit');
});
