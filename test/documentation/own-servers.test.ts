/** What the pages on Prosody and ejabberd say, done with real ones, and judged by evio doctor. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { GROUPS_LIVE_LUA } from '../../packages/hub/src/groups-live-module.ts';
import { FreshHost } from '../joining/fresh-host.ts';
import { commandsOf } from '../joining/page-commands.ts';
import { Lab } from '../lab/index.ts';
import { blocksOf, pages } from './pages.ts';

/** The content of the first block of a kind. */
function blockOf(path: string, info: string): string {
  const page = pages().find(each => each.path === path);
  const block = page && blocksOf(page).find(each => each.info === info);
  assert.ok(block, `${path} has no block of ${info}`);
  return block.content;
}

interface Server {
  readonly host: FreshHost;
  readonly address: string;
  /** Writes a file, with the folders above it. */
  write(path: string, content: string): Promise<unknown>;
  /** Runs a server until the test is over. */
  run(command: string): ChildProcess;
}

async function server(t: TestContext, empty: readonly string[]): Promise<Server> {
  const lab = await Lab.create({ sites: { world: { hosts: ['server'] } } });
  const host = await FreshHost.install(lab.host('server'), lab.directory, { empty });
  const children: ChildProcess[] = [];
  t.after(async () => {
    for (const child of children) {
      const ended = once(child, 'exit');
      if (child.exitCode === null && child.kill()) await ended;
    }
    await host[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  });
  const { address } = lab.host('server');
  await host.sh(`mkdir -p /etc/evio && cd /etc/evio && umask 077 && echo PASSWORD >edge.password &&
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -subj /CN=example.org \\
      -addext subjectAltName=DNS:example.org -keyout key.pem -out ca.pem 2>/dev/null`);
  return {
    host,
    address,
    write: (path, input) => host.sh(`mkdir -p "$(dirname ${path})" && cat >${path}`, { input }),
    run: command => {
      const child = host.start(command);
      children.push(child);
      return child;
    },
  };
}

/** Types the page's commands, writes its evio.yaml, and asks the doctor. */
async function diagnose(
  { host, address, write }: Server,
  page: string,
): Promise<Map<string, { state: string; finding: string }>> {
  for (const { lines } of commandsOf(page)) {
    for (const line of lines) await host.sh(line);
  }
  const config = blockOf(page, 'yaml evio.yaml').replace(
    /service: .*/,
    `service: xmpps://${address}:5223\n      ca: ca.pem`,
  );
  await write('/etc/evio/evio.yaml', config);
  await host.sh('evio check');
  const { stdout } = await host.sh('evio doctor --json', { check: false });
  const { checks }: { checks: { id: string; state: string; finding: string }[] } =
    JSON.parse(stdout);
  return new Map(checks.map(check => [check.id, check]));
}

const UNTIL_OPEN =
  'for _ in $(seq 300); do ss -Hltn "sport = 5223" | grep -q . && exit 0; sleep 0.1; done; exit 1';

test('a Prosody set up as the page says lets a node in and tells it of TURN', async t => {
  const page = 'docs/howto/existing-prosody.md';
  const prosody = await server(t, ['/etc/prosody']);
  const { host, write } = prosody;
  const mine = '"roster", "saslauth", "tls", "disco", "posix",';
  await write(
    '/etc/prosody/prosody.cfg.lua',
    `${blockOf(page, 'lua').replace('--[[ yours, and: ]]', mine)}
     plugin_paths = { "/etc/prosody/modules" }
     log = { { levels = { min = "info" }, to = "console" } }
     ssl = { certificate = "/etc/prosody/certs/cert.pem", key = "/etc/prosody/certs/key.pem" }
     VirtualHost "example.org"\n`,
  );
  await write('/etc/prosody/groups.txt', blockOf(page, 'ini'));
  await write('/etc/prosody/modules/mod_groups_live.lua', GROUPS_LIVE_LUA);
  await host.sh(`install -d -o prosody -g prosody /var/lib/prosody /run/prosody /etc/prosody/certs
    install -o prosody /etc/evio/ca.pem /etc/prosody/certs/cert.pem
    install -o prosody -m 0600 /etc/evio/key.pem /etc/prosody/certs/key.pem`);
  prosody.run('setpriv --reuid prosody --regid prosody --init-groups prosody -F');
  await host.sh(UNTIL_OPEN);
  const checks = await diagnose(prosody, page);
  assert.equal(checks.get('xmpp edge')?.state, 'fine', checks.get('xmpp edge')?.finding);
  // There is no such name here, but the doctor has heard it.
  assert.match(checks.get('stun edge')?.finding ?? '', /turn\.example\.org/);
});

test('an ejabberd set up as the page says lets a node in and answers by STUN', async t => {
  const page = 'docs/howto/existing-ejabberd.md';
  const ejabberd = await server(t, ['/etc/ejabberd', '/var/log']);
  const { host, address, write } = ejabberd;
  await write('/etc/ejabberd/ejabberd.yml', blockOf(page, 'yaml').replaceAll('192.0.2.1', address));
  await write('/etc/ejabberd/inetrc', '{lookup, [file]}.\n{host, {127,0,0,1}, ["localhost"]}.\n');
  await host.sh(`install -d -o ejabberd -g ejabberd /var/lib/ejabberd /var/log/ejabberd
    cat /etc/evio/ca.pem /etc/evio/key.pem >/etc/ejabberd/example.org.pem
    chown -R ejabberd /etc/ejabberd`);
  ejabberd.run('ejabberdctl foreground');
  await host.sh(UNTIL_OPEN);
  const checks = await diagnose(ejabberd, page);
  assert.equal(checks.get('xmpp edge')?.state, 'fine', checks.get('xmpp edge')?.finding);
  const nat = checks.get(`nat edge ${address}`);
  assert.equal(nat?.state, 'fine', nat?.finding);
  await host.sh('ejabberdctl stop');
});
