import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { EvioError } from '@evio/types';
import { ControlClient } from './control-client.ts';
import { ControlServer } from './control-server.ts';
import { agentControl, dashboardUrl, nodeId, pingReply, status } from './fixture.ts';
import { controlRoutes } from './routes.ts';
import type { AgentControl } from './types.ts';

function socketPath(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'evio-control-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, 'run', 'evio.sock');
}

async function serve(t: TestContext, over: Partial<AgentControl> = {}) {
  const socket = socketPath(t);
  const faults: unknown[] = [];
  const routes = controlRoutes(agentControl(over), dashboardUrl);
  const onFault = (error: unknown) => faults.push(error);
  const server = await ControlServer.listen({ socket, routes, onFault });
  t.after(() => server.close());
  return { socket, faults, client: new ControlClient(socket), server };
}

test('the agent answers what it is asked', async t => {
  const { client } = await serve(t);
  assert.deepEqual(await client.status(), status());
  assert.equal((await client.peers('edge'))[0]?.overlay, 'edge');
  assert.equal((await client.topology())[0]?.links.length, 1);
  assert.equal((await client.trace('edge-b')).hops.length, 1);
  assert.deepEqual(await client.reload(), {
    applied: ['log.level: "info" → "debug"'],
    needsRestart: [],
  });
  assert.deepEqual(await client.forget('edge-b@example.org'), {
    account: 'edge-b@example.org',
    overlays: ['edge'],
  });
});

test('each question has a connection of its own, none that the agent may be about to close', async t => {
  const socket = socketPath(t);
  mkdirSync(dirname(socket), { recursive: true });
  let connections = 0;
  const server = createServer((_, response) => response.end(JSON.stringify(status())));
  server.on('connection', () => {
    connections += 1;
  });
  t.after(() => server.close());
  server.listen(socket);
  await once(server, 'listening');
  const client = new ControlClient(socket);
  await client.status();
  await client.status();
  assert.equal(connections, 2);
});

test('only its owner can open the socket, or its owner and one group', async t => {
  const { socket } = await serve(t);
  assert.equal(statSync(socket).mode & 0o777, 0o600);
  const shared = socketPath(t);
  const group = process.getgid?.() === 0 ? 12_345 : process.getgid?.(); // root may give it to any
  const server = await ControlServer.listen({
    socket: shared,
    group,
    routes: [],
    onFault: () => undefined,
  });
  t.after(() => server.close());
  assert.equal(statSync(shared).mode & 0o777, 0o660);
  assert.equal(statSync(shared).gid, group);
});

test('ping answers line by line, beginning with whom it found', async t => {
  const { client } = await serve(t);
  const lines = [];
  for await (const line of client.ping({ node: '10.10.0.2', count: 2 })) lines.push(line);
  const [first, ...replies] = lines;
  assert.equal(first && 'target' in first && first.target.id, nodeId('b'));
  assert.deepEqual(replies, [{ reply: pingReply(1) }, { reply: pingReply(2) }]);
});

test('a ping ends in the agent when whoever asked goes away', async t => {
  const ended = Promise.withResolvers<void>();
  const { client } = await serve(t, {
    async *ping(_target, { signal }) {
      yield pingReply(1);
      await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }));
      ended.resolve();
    },
  });
  const stop = new AbortController();
  await assert.rejects(async () => {
    for await (const line of client.ping({ node: 'edge-b' }, stop.signal)) {
      if ('reply' in line) stop.abort();
    }
  });
  await ended.promise;
});

test("the agent's errors reach the client with their code", async t => {
  const { client } = await serve(t, {
    reload: async () => {
      throw new EvioError('CONFIG_INVALID', 'evio.yaml:1:1: wrong');
    },
    async *ping() {
      yield pingReply(1);
      throw new EvioError('NODE_UNKNOWN', 'gone in the midst');
    },
  });
  await assert.rejects(client.trace('nobody'), { code: 'NODE_UNKNOWN' });
  await assert.rejects(client.peers('nowhere'), { code: 'OVERLAY_UNKNOWN' });
  await assert.rejects(client.topology('nowhere'), { code: 'OVERLAY_UNKNOWN' });
  await assert.rejects(client.reload(), {
    code: 'CONFIG_INVALID',
    message: 'evio.yaml:1:1: wrong',
  });
  await assert.rejects(
    async () => {
      for await (const _ of client.ping({ node: 'edge-b' }));
    },
    { message: 'gone in the midst' },
  );
});

test('a fault in the agent is logged there and not shown', async t => {
  const { client, faults } = await serve(t, {
    status: () => {
      throw new TypeError('secret inner matters');
    },
  });
  await assert.rejects(client.status(), { code: 'INTERNAL', message: /its log says why/ });
  assert.equal(faults.length, 1);
});

function post(socketPath: string, path: string, body: string): Promise<[number, string]> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path, method: 'POST' }, response => {
      let text = '';
      response.setEncoding('utf8').on('data', chunk => {
        text += chunk;
      });
      response.on('end', () => resolve([response.statusCode ?? 0, text]));
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

test('requests that are not what they should be are refused', async t => {
  const { socket } = await serve(t);
  assert.equal((await post(socket, '/v1/ping', '{'))[0], 400);
  const [code, text] = await post(socket, '/v1/ping', '{"node":"edge-b","count":0,"x":1}');
  assert.equal(code, 400);
  assert.match(text, /count.*|x/);
  assert.equal((await post(socket, '/v1/ping', JSON.stringify('a'.repeat(300_000))))[0], 413);
  assert.equal((await post(socket, '/v2/ping', ''))[0], 404);
});

test('a socket that a killed agent left behind is replaced', async t => {
  const socket = join(dirname(socketPath(t)), '..', 'evio.sock');
  const listen = 'require("node:net").createServer().listen(process.argv[1], () => console.log())';
  const killed = spawn(process.execPath, ['-e', listen, socket], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(killed.stdout, 'data');
  killed.kill('SIGKILL');
  await once(killed, 'exit');
  assert.ok(statSync(socket).isSocket());
  const routes = controlRoutes(agentControl(), dashboardUrl);
  const server = await ControlServer.listen({ socket, routes, onFault: () => undefined });
  t.after(() => server.close());
  assert.equal((await new ControlClient(socket).status()).pid, 1);
});

test('a second agent is refused while the first one answers', async t => {
  const { socket, client } = await serve(t);
  const options = { socket, routes: [], onFault: () => undefined };
  await assert.rejects(ControlServer.listen(options), {
    code: 'AGENT_RUNNING',
    message: `another agent is running: it answers at ${socket}`,
  });
  assert.equal((await client.status()).pid, 1);
});

test('a file that is no socket is left alone', async t => {
  const directory = mkdtempSync(join(tmpdir(), 'evio-control-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const socket = join(directory, 'file');
  writeFileSync(socket, 'precious');
  await assert.rejects(ControlServer.listen({ socket, routes: [], onFault: () => undefined }), {
    code: 'CONTROL_SOCKET_FAILED',
  });
});

test('a client without an agent says so', async t => {
  await assert.rejects(new ControlClient(socketPath(t)).status(), { code: 'AGENT_DOWN' });
});
