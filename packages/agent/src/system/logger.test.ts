import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger } from './logger.ts';

function lines(pretty: boolean, write: (log: ReturnType<typeof createLogger>) => void): string[] {
  const written: string[] = [];
  const destination = { write: (text: string) => written.push(text) };
  write(createLogger({ level: 'info', pretty, destination }));
  return written;
}

test('a line is JSON with time, level and message', () => {
  const [line = ''] = lines(false, log => log.info({ overlay: 'edge' }, 'online'));
  const { time, ...rest } = JSON.parse(line);
  assert.match(time, /^\d{4}-\d\d-\d\dT/);
  assert.deepEqual(rest, { level: 'info', overlay: 'edge', msg: 'online' });
});

test('what is less severe than the level is not written', () => {
  assert.deepEqual(
    lines(false, log => log.debug('no')),
    [],
  );
});

test('secrets are not logged, however deep the object that holds them', () => {
  const secret = 'hunter2';
  const config = { overlays: [{ xmpp: { jid: 'a@b', password: secret } }] };
  const written = lines(false, log => {
    log.info({ password: secret }, 'a');
    log.info({ xmpp: { password: secret }, credential: secret }, 'b');
    log.info({ overlay: config.overlays[0] }, 'c');
    log.info({ config }, 'd');
    log.child({ psk: secret }).info('e');
  }).join('');
  assert.ok(!written.includes(secret), written);
  assert.match(written, /\[secret\]/);
});

test('a line for people has its fields behind the message', () => {
  const [line = ''] = lines(true, log => log.warn({ overlay: 'edge', tries: 3 }, 'offline'));
  assert.match(line, /^\d\d:\d\d:\d\d\.\d{3} warn {2}offline {2}overlay=edge tries=3\n$/);
});
