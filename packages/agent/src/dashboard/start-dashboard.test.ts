import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { configDirectory } from '../config/fixture.ts';
import { loadConfig } from '../config/index.ts';
import { agentControl } from '../control/fixture.ts';
import { createLogger } from '../system/index.ts';
import type { PageFiles } from './page-files.ts';
import { startDashboard } from './start-dashboard.ts';

const PAGE: PageFiles = new Map();

/** An agent with `dashboard` as configured, its log, and its state directory. */
function agentWith(t: TestContext, dashboard: string) {
  const directory = configDirectory();
  t.after(() => directory[Symbol.dispose]());
  const file = directory.write(
    'evio.yaml',
    `state_dir: ${directory.path}
dashboard: ${dashboard}
overlays:
  - name: edge
    xmpp: { jid: edge-a@example.org, password_file: edge.password }
`,
  );
  const logged: string[] = [];
  const destination = { write: (line: string) => logged.push(line) };
  const logger = createLogger({ level: 'info', pretty: false, destination });
  const start = async (loadPage = () => PAGE) => {
    const started = await startDashboard(loadConfig(file), agentControl(), logger, loadPage);
    t.after(() => started.close());
    return started;
  };
  return { directory, logged, start };
}

const ANY_PORT = "{ listen: '127.0.0.1:0' }";

test('each start has a token of its own and keeps none', async t => {
  const { directory, start } = agentWith(t, ANY_PORT);
  const old = directory.write('dashboard.token', 'kept by an agent before\n');
  const tokenOf = (url: string) => new URL(url).hash;
  const first = tokenOf((await start()).url());
  assert.match(first, /^#token=[\w-]{43}$/);
  assert.notEqual(tokenOf((await start()).url()), first);
  assert.ok(!existsSync(old));
  assert.ok(!existsSync(join(directory.path, 'dashboard.token')));
});

test('a port in use leaves the agent without a dashboard, and it says why', async t => {
  const { port } = new URL((await agentWith(t, ANY_PORT).start()).url());
  const { start, logged } = agentWith(t, `{ listen: '127.0.0.1:${port}' }`);
  const { url } = await start();
  assert.throws(url, {
    code: 'DASHBOARD_LISTEN_FAILED',
    message: new RegExp(`${port}.*EADDRINUSE`),
  });
  assert.match(logged.join(''), /there is no dashboard/);
});

test('a page that is not installed or cannot be read is told as such', async t => {
  const { start } = agentWith(t, ANY_PORT);
  const { url } = await start(() => {
    throw new TypeError('EACCES: /usr/lib/evio');
  });
  assert.throws(url, { code: 'DASHBOARD_FAILED', message: /EACCES: \/usr\/lib\/evio/ });
});

test('one that is switched off says how to have it', async t => {
  const { start, logged } = agentWith(t, '{ enabled: false }');
  assert.throws((await start()).url, { code: 'DASHBOARD_OFF' });
  assert.deepEqual(logged, []);
});
