import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { EvioError } from '@evio/types';
import { createServiceNotifier } from './service-notifier.ts';

function notifier(environment: Record<string, string>, fails = false) {
  const sent: string[] = [];
  const faults: EvioError[] = [];
  const notify = createServiceNotifier({
    environment,
    onFault: error => faults.push(error),
    send: async message => {
      if (fails) throw new EvioError('NOTIFY_FAILED', 'no');
      sent.push(message);
    },
  });
  return { notify, sent, faults };
}
const settled = async () => {
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();
};

test('systemd is told in order, one line of status each', async () => {
  const { notify, sent } = notifier({ NOTIFY_SOCKET: '/run/x' });
  notify.ready('2 overlays\nup');
  notify.stopping();
  await settled();
  assert.deepEqual(sent, ['READY=1\nSTATUS=2 overlays up', 'STOPPING=1\nSTATUS=stopping']);
});

test('without systemd nothing is sent', async () => {
  const { notify, sent } = notifier({});
  notify.ready('up');
  await settled();
  assert.deepEqual(sent, []);
});

test('the watchdog is answered twice a period, but only while the agent is well', async () => {
  mock.timers.enable({ apis: ['setInterval'] });
  const environment = {
    NOTIFY_SOCKET: '/run/x',
    WATCHDOG_USEC: '30000000',
    WATCHDOG_PID: String(process.pid),
  };
  const { notify, sent } = notifier(environment);
  let healthy = true;
  notify.watch(() => healthy);
  mock.timers.tick(15_000);
  mock.timers.tick(15_000);
  healthy = false;
  mock.timers.tick(15_000);
  await settled();
  notify.close();
  mock.timers.reset();
  assert.deepEqual(sent, ['WATCHDOG=1', 'WATCHDOG=1']);
});

test("a watchdog that is another process's is not answered", async () => {
  mock.timers.enable({ apis: ['setInterval'] });
  const { notify, sent } = notifier({
    NOTIFY_SOCKET: '/run/x',
    WATCHDOG_USEC: '1000000',
    WATCHDOG_PID: '1',
  });
  notify.watch(() => true);
  mock.timers.tick(10_000);
  await settled();
  mock.timers.reset();
  assert.deepEqual(sent, []);
});

test('a message that cannot be sent is reported and the next one still goes', async () => {
  const { notify, faults } = notifier({ NOTIFY_SOCKET: '/run/x' }, true);
  notify.status('a');
  notify.status('b');
  await settled();
  await settled();
  assert.equal(faults.length, 2);
});
