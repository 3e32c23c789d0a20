import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type AgentControl, ControlServer, controlRoutes } from '@evio/agent/control';
import { agentControl, dashboardUrl, pingReply } from '../../agent/src/control/fixture.ts';
import { run } from './run.ts';

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'evio-cli-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

async function evio(args: readonly string[], environment: Record<string, string> = {}) {
  let out = '';
  let err = '';
  const code = await run(args, {
    stdout: {
      write: text => {
        out += text;
      },
    },
    stderr: {
      write: text => {
        err += text;
      },
    },
    environment,
  });
  return { code, out, err };
}

async function withAgent(t: TestContext, over: Partial<AgentControl> = {}) {
  const socket = join(directory(t), 'evio.sock');
  const routes = controlRoutes(agentControl(over), dashboardUrl);
  const server = await ControlServer.listen({
    socket,
    routes,
    onFault: error => t.diagnostic(String(error)),
  });
  t.after(() => server.close());
  return (...args: string[]) => evio(args, { EVIO_SOCKET: socket });
}

test('a command line that makes no sense ends with 2, help with 0', async () => {
  assert.equal((await evio(['--help'])).code, 0);
  assert.equal((await evio(['--version'])).code, 0);
  for (const args of [
    [],
    ['fly'],
    ['ping'],
    ['ping', 'a', '--count', 'x'],
    ['status', '--wings'],
    ['config'],
  ]) {
    const { code, err, out } = await evio(args);
    assert.equal(code, 2, args.join(' '));
    assert.notEqual(err + out, '');
  }
});

test('a command without an agent ends with 1 and says so', async t => {
  const { code, err } = await evio(['status', '--socket', join(directory(t), 'evio.sock')]);
  assert.equal(code, 1);
  assert.match(err, /^evio: no agent answers at .*; is it up\?\n$/);
});

test('status shows node, signaling and peers, and as JSON what the agent said', async t => {
  const ask = await withAgent(t);
  const { code, out } = await ask('status');
  assert.equal(code, 0);
  assert.match(out, /edge-a +a{32}/);
  assert.match(out, /edge: evio0, 10\.10\.0\.1\/16, MTU 1400; edge-a@example\.org online for/);
  assert.match(
    out,
    /edge-b +bbbbbbbb +10\.10\.0\.2 fd00::2 +successor +up +direct +198\.51\.100\.7:3000 +12\.5 ms +1\.0 KiB +2\.0 KiB/,
  );
  assert.deepEqual(JSON.parse((await ask('status', '--json')).out), agentControl().status());
});

test('a peer that fell silent is shown as such, whatever keys there are', async t => {
  const answer = agentControl().status();
  const [overlay] = answer.overlays;
  assert.ok(overlay);
  const peers = overlay.peers.map(peer => ({ ...peer, reachable: false }));
  const ask = await withAgent(t, {
    status: () => ({ ...answer, overlays: [{ ...overlay, peers }] }),
  });
  assert.match((await ask('status')).out, / STATE .*\nedge-b .* silent +direct /);
  assert.match((await ask('peers')).out, /edge-b .* silent +direct /);
});

test('status shows who was refused, and why', async t => {
  const refused = [{ jid: 'c@example.org', code: 'KEY_CHANGED', message: 'another key' }];
  const [overlay] = agentControl().status().overlays;
  assert.ok(overlay);
  const ask = await withAgent(t, {
    status: () => ({ ...agentControl().status(), overlays: [{ ...overlay, refused }] }),
  });
  assert.match((await ask('status')).out, /refused c@example\.org: another key/);
});

test('peers and topology list what there is', async t => {
  const ask = await withAgent(t);
  assert.match((await ask('peers')).out, /^NAME.*\nedge-b/);
  assert.equal(JSON.parse((await ask('peers', '--json')).out)[0].overlay, 'edge');
  assert.match(
    (await ask('topology')).out,
    /^edge: 2 nodes in ring order, 1 links of this node, 0 of its neighbours\n.*\n.*edge-a .*this node\n.*edge-b .*successor +direct +12\.5 ms +link\n$/,
  );
  assert.equal((await ask('peers', '--overlay', 'x')).code, 1);
});

test('ping shows each reply and sums up', async t => {
  const ask = await withAgent(t);
  const { code, out } = await ask('ping', 'edge-b', '-c', '2');
  assert.equal(code, 0);
  assert.match(
    out,
    /^ping edge-b \(b{32}\) in edge\n1: 1\.500 ms, 52 bytes, direct .*\n2: .*\n2 of 2 answered; round trip least 1\.500 ms/,
  );
  const json = JSON.parse((await ask('ping', '10.10.0.2', '--json', '-c', '3')).out);
  assert.deepEqual([json.sent, json.received, json.rttMs.mean], [3, 3, 1.5]);
});

test('a ping that nobody answers ends with 1', async t => {
  const ask = await withAgent(t, {
    async *ping() {
      yield pingReply(1, null);
    },
  });
  const { code, out } = await ask('ping', 'edge-b');
  assert.equal(code, 1);
  assert.match(out, /1: no reply\n0 of 1 answered/);
});

test('trace shows the hops; an end that is not reached ends with 1', async t => {
  const ask = await withAgent(t);
  assert.match((await ask('trace', 'edge-b')).out, /1 {2}edge-b {2}bbbbbbbb {2}12\.5 ms {2}direct/);
  const lost = await withAgent(t, {
    trace: async target => ({ target: { overlay: target.overlay, id: target.id }, hops: [] }),
  });
  assert.deepEqual(await lost('trace', 'edge-b'), {
    code: 1,
    out: 'this node knows no way to edge-b in edge\n',
    err: '',
  });
});

test('completions get names from the agent, and nothing without one', async t => {
  const ask = await withAgent(t);
  assert.equal((await ask('names', 'node')).out, 'edge-b\t10.10.0.2/16 fd00::2/64\n');
  const nobody = await evio(['names', 'node', '--socket', join(directory(t), 'evio.sock')]);
  assert.deepEqual(nobody, { code: 0, out: '', err: '' });
  const slow = await withAgent(t, { status: () => assert.fail('a fault') });
  assert.deepEqual(await slow('names', 'overlay'), { code: 0, out: '', err: '' });
});

test('reload and forget say what became of them', async t => {
  const ask = await withAgent(t);
  assert.equal((await ask('reload')).out, 'applied: log.level: "info" → "debug"\n');
  assert.match(
    (await ask('forget', 'edge-b@example.org')).out,
    /the next key it shows is taken in edge/,
  );
  const unknown = await ask('forget', 'nobody@example.org');
  assert.deepEqual([unknown.code, unknown.out], [1, 'no key is pinned for nobody@example.org\n']);
});

test('check tells every problem on standard error and ends with 2', async t => {
  const file = join(directory(t), 'evio.yaml');
  writeFileSync(file, 'nmae: a\noverlays: 3\n');
  const { code, out, err } = await evio(['check', '--config', file]);
  assert.equal(code, 2);
  assert.equal(out, '');
  assert.equal(
    err,
    `${file}:1:1: nmae: unknown key; did you mean "name"?\n${file}:2:11: overlays: expected a list of overlays, got 3\n`,
  );
  const json = JSON.parse((await evio(['check', '--config', file, '--json'])).out);
  assert.equal(json.ok, false);
  assert.deepEqual(json.problems[0], {
    file,
    line: 1,
    column: 1,
    key: 'nmae',
    message: 'unknown key; did you mean "name"?',
  });
});

test('up with a wrong configuration ends with 2', async () => {
  const { code, err } = await evio(['up', '--config', '/nowhere.yaml']);
  assert.deepEqual([code, err], [2, '/nowhere.yaml: there is no such file\n']);
});

const OLD = {
  CFx: { Overlays: ['EDGE1'] },
  Signal: {
    Overlays: {
      EDGE1: { HostAddress: 'xmpp.example.org', Username: 'a@example.org', Password: 'battery' },
    },
  },
  BridgeController: {
    Overlays: { EDGE1: { NetDevice: { Type: 'VNIC', IP4: '10.1.0.1', PrefixLen: 24 } } },
  },
  UsageReport: { Enabled: true },
};

test('an imported configuration passes the check, its password in a closed file', async t => {
  const path = directory(t);
  const old = join(path, 'config.json');
  writeFileSync(old, JSON.stringify(OLD));
  const { code, out, err } = await evio(['config', 'import', old]);
  assert.equal(code, 0);
  assert.match(err, /warning: UsageReport\.Enabled: left out/);
  const file = join(path, 'evio.yaml');
  writeFileSync(file, out);
  assert.equal((await evio(['check', '--config', file])).code, 0);
  const password = join(path, 'EDGE1.password');
  assert.equal(statSync(password).mode & 0o777, 0o600);
  assert.equal(readFileSync(password, 'utf8'), 'battery\n');
  // Again: nothing to write. With another password in its place: nothing is overwritten.
  assert.equal((await evio(['config', 'import', old])).code, 0);
  writeFileSync(password, 'mine');
  const refused = await evio(['config', 'import', old]);
  assert.equal(refused.code, 1);
  assert.match(refused.err, /is there with another content/);
  assert.equal(readFileSync(password, 'utf8'), 'mine');
});

test('what is no old configuration ends with 2', async t => {
  const file = join(directory(t), 'config.json');
  writeFileSync(file, '{');
  assert.equal((await evio(['config', 'import', file])).code, 2);
  assert.equal((await evio(['config', 'import', `${file}.gone`])).code, 2);
});

test('the hub is there when it is asked for', async () => {
  assert.match((await evio(['hub', '--help'])).out, /add-node/);
});

test('evio status shows the pods of this host', async t => {
  const answer = agentControl().status();
  const pod = {
    network: 'evio',
    containerId: 'c1',
    ifName: 'eth0',
    netns: '/run/netns/x',
    hostIf: 'evp1',
  };
  const cni = {
    socket: '/run/evio/cni.sock',
    bridge: 'evio-pods',
    mtu: 1400,
    ranges: ['10.244.3.0/24'],
    addresses: { size: 253, taken: 1 },
    pods: [{ ...pod, pod: 'default/web', addresses: ['10.244.3.2/16'], since: '' }],
    commands: { ADD: { calls: 2, failures: 1, ms: 20 } },
  };
  const asked = await withAgent(t, { status: () => ({ ...answer, cni }) });
  const { out } = await asked('status');
  assert.match(out, /pods: evio-pods, 10\.244\.3\.0\/24; 1 of 253 addresses taken/);
  assert.match(out, /failed calls: 1 ADD/);
  assert.match(out, /default\/web eth0 {2}10\.244\.3\.2\/16/);
});

test('evio cni puts the plugin in place, says how it stands, and takes it away', async t => {
  const place = directory(t);
  const plugin = join(place, 'built');
  writeFileSync(plugin, 'program');
  const cni = (command: string, ...more: string[]) =>
    evio([
      'cni',
      command,
      ...['--bin-dir', join(place, 'bin'), '--conf-dir', join(place, 'net.d'), '--plugin', plugin],
      ...more,
    ]);
  assert.equal((await cni('status')).code, 1);
  assert.equal((await cni('install', '--state-dir', '/srv/evio')).code, 0);
  const written = readFileSync(join(place, 'net.d', '10-evio.conflist'), 'utf8');
  assert.equal(JSON.parse(written).plugins[0].pendingDir, '/srv/evio/cni/pending');
  const { code, out } = await cni('status', '--json');
  assert.deepEqual([code, JSON.parse(out).plugin.state], [0, 'current']);
  assert.equal((await cni('uninstall')).code, 0);
  assert.equal((await cni('status')).code, 1);
});
