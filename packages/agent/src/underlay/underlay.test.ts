import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mock, test } from 'node:test';
import type { Datapath } from '@evio/datapath';
import { createLogger } from '../system/index.ts';
import { Underlay } from './underlay.ts';

/** Lets what is resolved already run on. */
const settle = () => new Promise(resolve => setImmediate(resolve));

test('a server whose name has no address yet is looked up again until it has one', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const asked: string[] = [];
  let known = false;
  const underlay = new Underlay({
    datapath: { port4: 1 } as Datapath,
    random: randomBytes,
    logger: createLogger({ level: 'fatal' }),
    lookUp: async host => {
      asked.push(host);
      if (!known) throw new Error('EAI_AGAIN');
      return ['192.0.2.1'];
    },
    onHandshake: () => assert.fail('nothing came'),
    onGroundChanged: () => assert.fail('nothing changed'),
  });
  try {
    underlay.setServers('edge', [
      { kind: 'stun', transport: 'udp', host: 'stun.example.org', port: 3478 },
    ]);
    await settle();
    assert.equal(asked.length, 1);
    mock.timers.tick(5_000);
    await settle();
    assert.equal(asked.length, 2);
    known = true;
    mock.timers.tick(5_000);
    await settle();
    mock.timers.tick(60_000);
    await settle();
    assert.equal(asked.length, 3);
  } finally {
    underlay.stop();
    mock.timers.reset();
  }
});
