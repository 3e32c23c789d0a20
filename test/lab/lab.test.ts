import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { exitCode } from './command.ts';
import { Lab } from './index.ts';
import { firstLine } from './lines.ts';

function namespacesOf(id: string): string[] {
  if (!existsSync('/run/netns')) return [];
  return readdirSync('/run/netns').filter(name => name.startsWith(`evio-${id}-`));
}

/** Whether a process runs; one that nobody has waited for yet does not. */
function runs(pid: string): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

test('a lab of twelve hosts behind six NATs is up in 3 s, and gone without a trace', async () => {
  const started = performance.now();
  const lab = await Lab.create({
    sites: {
      none: { hosts: ['a', 'b'] },
      full: { nat: 'full-cone', hosts: ['c', 'd'] },
      address: { nat: 'address-restricted', hosts: ['e', 'f'] },
      port: { nat: 'port-restricted', hosts: ['g', 'h'] },
      symmetric: { nat: 'symmetric', hosts: ['i', 'j'] },
      blocked: { nat: 'udp-blocked', hosts: ['k', 'l'] },
    },
  });
  const tookMs = performance.now() - started;
  assert.equal(lab.hosts.length, 12);
  const public1 = lab.host('a').address;
  const pings = await Promise.all(lab.hosts.map(host => host.ping(public1, { timeoutMs: 5000 })));
  assert.ok(
    pings.every(({ ok }) => ok),
    'every host reaches a public one',
  );
  const { id, directory } = lab;
  assert.ok(namespacesOf(id).length > 0 && existsSync(directory));
  await lab[Symbol.asyncDispose]();
  assert.deepEqual(namespacesOf(id), []);
  assert.equal(existsSync(directory), false);
  assert.ok(tookMs < 3000, `it took ${tookMs} ms`);
});

test('a lab is removed when the process that made it is killed', async () => {
  const script = `
    import { Lab } from './index.ts';
    const lab = await Lab.create({ sites: { home: { hosts: ['a'], link: { delayMs: 1 } } } });
    const stubborn = lab.host('a').spawn(['sh', '-c', 'trap "" TERM HUP; while :; do sleep 1; done']);
    console.log(lab.id, stubborn.pid);
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [id = '', pid = ''] = (await firstLine(child, 'the lab')).split(' ');
  assert.ok(namespacesOf(id).length > 0);
  child.kill('SIGKILL');
  await exitCode(child);
  const deadline = Date.now() + 10_000;
  // Its entry in the registry goes last.
  const entry = join('/run/evio-lab', id);
  while (existsSync(entry) && Date.now() < deadline) await sleep(50);
  assert.equal(existsSync(entry), false);
  assert.deepEqual(namespacesOf(id), []);
  assert.equal(runs(pid), false, 'what ran in it is gone as well');
});

test('a lab whose janitor was killed too is removed by the next lab', async () => {
  const script = `
    import { Lab } from './index.ts';
    const lab = await Lab.create({ sites: { home: { hosts: ['a'] } } });
    console.log(lab.id, lab.janitorPid);
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [id = '', janitor = ''] = (await firstLine(child, 'the lab')).split(' ');
  process.kill(Number(janitor), 'SIGKILL');
  child.kill('SIGKILL');
  await exitCode(child);
  assert.ok(namespacesOf(id).length > 0);
  await using _next = await Lab.create({ sites: {} });
  assert.deepEqual(namespacesOf(id), []);
});

test('two labs of the same description run at once and do not see each other', async () => {
  const spec = { sites: { one: { hosts: ['a', 'b'] } } };
  const [first, second] = await Promise.all([Lab.create(spec), Lab.create(spec)]);
  await using _first = first;
  await using _second = second;
  assert.equal(first.host('b').address, second.host('b').address);
  await using there = await second.host('b').udp(5000);
  await using here = await first.host('a').udp();
  here.send(`${second.host('b').address}:5000`, 'hello');
  assert.equal(await there.receive(200), undefined);
  assert.ok((await first.host('a').ping(first.host('b').address)).ok);
});

test('IPv6 is routed; a firewalled site lets in only what it asked for', async () => {
  await using lab = await Lab.create({
    sites: {
      open: { nat: 'symmetric', ipv6: 'open', hosts: ['a'] },
      walled: { nat: 'symmetric', ipv6: 'firewalled', hosts: ['b'] },
      modern: { ipv4: false, ipv6: 'open', hosts: ['c'] },
    },
  });
  const [a, b, c] = [lab.host('a'), lab.host('b'), lab.host('c')];
  await using socketA = await a.udp(4000);
  await using socketB = await b.udp(4000);
  await using socketC = await c.udp(4000);
  socketA.send(`[${b.address6}]:4000`, 'unasked');
  assert.equal(await socketB.hears('unasked', 150), false);
  socketB.send(`[${a.address6}]:4000`, 'question');
  assert.ok(await socketA.hears('question'));
  socketA.send(`[${b.address6}]:4000`, 'answer');
  assert.ok(await socketB.hears('answer'));
  socketA.send(`[${c.address6}]:4000`, 'hi');
  assert.ok(await socketC.hears('hi'));
});

test('a small MTU cuts what is not allowed to be cut, and a black hole does not even say so', async () => {
  await using lab = await Lab.create({
    sites: {
      world: { hosts: ['w'] },
      small: { nat: 'port-restricted', mtu: 1280, hosts: ['s'] },
      hole: { nat: 'port-restricted', mtu: 1280, blackHole: true, hosts: ['h'] },
    },
  });
  const big = (name: string) => {
    const argv = ['ping', '-n', '-M', 'do', '-s', '1300', '-c', '1', '-W', '0.3'];
    return lab.host(name).exec([...argv, lab.host('w').address], { check: false });
  };
  const [small, hole] = await Promise.all([big('s'), big('h')]);
  assert.match(small.stdout, /Frag needed|message too long/i);
  assert.doesNotMatch(hole.stdout, /Frag needed|message too long/i);
  assert.match(hole.stdout, /0 received/);
  assert.ok((await lab.host('h').ping(lab.host('w').address, { bytes: 1200 })).ok);
});
