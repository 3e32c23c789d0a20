import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { encodeSteps, PodWorker } from './pod-worker.ts';

const directory = mkdtempSync(join(tmpdir(), 'evio-pod-worker-'));
after(() => rmSync(directory, { recursive: true }));

/** A worker that is a script. */
function workerOf(name: string, script: string): PodWorker {
  const file = join(directory, name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return new PodWorker(file);
}

const steps = [
  ['up', 'lo'],
  ['route', '::/0', '', 'eth0'],
] as const;

test('steps are words, each ended by a zero, behind their number, and all behind their length', () => {
  const bytes = '\x02up\0lo\0\x04route\0::/0\0\0eth0\0';
  const length = Uint8Array.of(0, 0, 0, bytes.length);
  assert.deepEqual(Buffer.from(encodeSteps(steps)), Buffer.concat([length, Buffer.from(bytes)]));
});

test('answers go to those who asked, in turn; the step that failed is named', async () => {
  const worker = workerOf('answers', "printf 'ok\\n1 No such '; printf 'device\\nok\\n'; cat >&2");
  const asked = [worker.carryOut([]), worker.carryOut(steps), worker.carryOut([])];
  assert.deepEqual(
    (await Promise.allSettled(asked)).map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
  await assert.rejects(asked[1] ?? Promise.resolve(), {
    cniCode: 100,
    message: 'route ::/0 eth0',
    details: 'No such device',
  });
});

test('a worker that ends fails what it was asked, and the next request starts another', async () => {
  const flag = join(directory, 'flag');
  const worker = workerOf('ends', `[ -e '${flag}' ] && { echo ok; cat; }; touch '${flag}'; exit 3`);
  await assert.rejects(worker.carryOut(steps), { cniCode: 5, details: 'exit code 3' });
  await worker.carryOut(steps);
  const none = new PodWorker(join(directory, 'none'));
  await assert.rejects(none.carryOut(steps), { cniCode: 5, details: /ENOENT/ });
});
