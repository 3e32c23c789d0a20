import assert from 'node:assert/strict';
import { test } from 'node:test';
import { machineSeconds, processSeconds, residentBytes, spentBy } from './processor-time.ts';

test('the time of a process is its user and system time, whatever its name', () => {
  const rest = 'S 1 2 2 0 -1 4194560 100 0 0 0 250 150 7 9 20 0 4 0 1000 0 0';
  assert.equal(processSeconds(`42 (tincd) ${rest}`), 4);
  assert.equal(processSeconds(`42 (a) b (c 9) ${rest}`), 4);
});

test('the time of the machine is all but idleness, waiting and what others stole', () => {
  const stat = 'cpu  100 20 300 99999 8888 4 6 777 0 0\ncpu0 1 2 3 4 5 6 7 8 9 10\n';
  assert.equal(machineSeconds(stat), 4.3);
});

test('this process can be read, and no daemon spends nothing', () => {
  const here = { pid: process.pid, alive: true };
  assert.ok(spentBy([here]).daemons > 0);
  assert.equal(spentBy([]).daemons, 0);
  assert.ok(spentBy([]).machine > 0);
  assert.ok(residentBytes(here) > 10e6);
});
