/** From an invitation to a host that its peers answer, and back; with what goes wrong between. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Lab } from '../lab/index.ts';
import { FreshHost } from './fresh-host.ts';

const HOUR = 3600;

async function twoHomes(t: TestContext): Promise<{ lab: Lab; a: FreshHost; b: FreshHost }> {
  const lab = await Lab.create({
    hub: true,
    sites: {
      home: { nat: 'port-restricted', hosts: ['a'] },
      office: { nat: 'address-restricted', hosts: ['b'] },
    },
  });
  const a = await FreshHost.install(lab.host('a'), lab.directory);
  const b = await FreshHost.install(lab.host('b'), lab.directory);
  t.after(async () => {
    await a[Symbol.asyncDispose]();
    await b[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  });
  return { lab, a, b };
}

const invite = async (lab: Lab, name: string, seconds = HOUR) =>
  (await lab.hub.running.invite(name, { seconds })).line;

test('two hosts behind NATs join by their lines, ping each other, and leave', async t => {
  const { lab, a, b } = await twoHomes(t);
  const [lineA, lineB] = [await invite(lab, 'a'), await invite(lab, 'b')];

  const first = await a.sh(`evio join '${lineA}'`);
  assert.match(first.stdout, /ok hub +xmpps:.* shows the invitation's certificate/);
  assert.match(first.stdout, /ok account +a@evio\.test has a password of its own now/);
  assert.match(first.stdout, /ok service +evio\.service is enabled and started/);
  assert.match(first.stdout, /ok peer +no other member is there yet/);
  const modes = await a.sh('stat -c "%a %n" /etc/evio/*');
  assert.equal(
    modes.stdout,
    '600 /etc/evio/edge.ca.pem\n600 /etc/evio/edge.password\n600 /etc/evio/evio.yaml\n',
  );

  const second = await b.sh(`evio join '${lineB}'`);
  assert.match(second.stdout, /ok peer +a \(10\.10\.0\.1\) answers in [\d.]+ ms, (direct|turn)/);
  assert.match(second.stdout, /This host is a member of edge\. See: evio peers\n$/);
  await b.sh('ping -c 1 -W 5 10.10.0.1');

  // Once more: nothing to do, and nothing is changed.
  const before = await b.sh('sha256sum /etc/evio/*');
  const again = await b.sh(`evio join '${lineB}'`);
  assert.match(again.stdout, /b@evio\.test already has a password of its own/);
  assert.equal((await b.sh('sha256sum /etc/evio/*')).stdout, before.stdout);

  const left = await b.sh('evio leave');
  assert.match(left.stdout, /ok account +b@evio\.test was given up/);
  assert.match(left.stdout, /evio\.service is stopped and disabled/);
  assert.equal(
    (await b.sh('ls -A /etc/evio; ip link show evio0 2>&1 || true')).stdout.trim(),
    'Device "evio0" does not exist.',
  );
  assert.equal((await b.sh('systemctl is-active evio', { check: false })).code, 3);
  await a.sh(
    'for _ in $(seq 50); do evio peers --json | grep -q b@evio.test || exit 0; sleep 0.2; done; exit 1',
  );
  assert.deepEqual(
    lab.hub.running.nodes().map(({ name }) => name),
    ['a'],
  );
});

test('a line that was used, is over or was altered is refused, and nothing is written', async t => {
  const { lab, a, b } = await twoHomes(t);
  const refused = async (host: FreshHost, line: string, code: number, pattern: RegExp) => {
    const result = await host.sh(`evio join --no-service '${line}'`, { check: false });
    assert.equal(result.code, code, result.stdout + result.stderr);
    assert.match(result.stderr, pattern);
    assert.equal((await host.sh('ls -A /etc/evio')).stdout, '');
  };
  const line = await invite(lab, 'a');
  const joined = await a.sh(`evio join --no-service '${line}'`);
  assert.match(joined.stdout, /! {2}service +.*start the agent: evio up --config/);
  await refused(
    b,
    line,
    1,
    /stopped at the step "account": .*used already.*\nmend: ask for a new one/,
  );

  // By hand, without systemd and with the hub away: what has joined needs neither.
  await lab.hub.running.stopXmpp();
  const agent = a.start('evio up');
  t.after(() => agent.kill());
  await a.sh(
    'for _ in $(seq 100); do evio status >/dev/null 2>&1 && exit 0; sleep 0.1; done; exit 1',
  );
  const alone = await a.sh(`evio join --no-service --wait 1 '${line}'`, { check: false });
  assert.match(alone.stdout, /! {2}hub +.*this host has joined before and goes on without it/);
  assert.match(alone.stdout, /ok service +the agent that runs has read its configuration again/);
  assert.match(alone.stderr, /stopped at the step "online": not signed in within 1 s/);
  await lab.hub.running.startXmpp();

  const altered = line.slice(0, 40) + (line[40] === 'x' ? 'y' : 'x') + line.slice(41);
  await refused(b, altered, 2, /not a whole invitation: .*altered; copy it once more/);

  const short = await invite(lab, 'late', 1);
  await b.sh('sleep 1.1');
  await refused(b, short, 1, /stopped at the step "invitation": the invitation was good until/);
  // A host whose clock is late asks the hub, which has taken the account out.
  const slow = await invite(lab, 'slow', 2);
  await b.sh('sleep 4');
  const clock = `env NODE_OPTIONS="--import=data:text/javascript,const%20now=Date.now;Date.now=()=>now()-3600000" evio join --no-service '${slow}'`;
  const asked = await b.sh(clock, { check: false });
  assert.match(asked.stderr, /stopped at the step "account": the hub no longer takes/);
});

test('a join that stopped goes on by the same command, beside another overlay', async t => {
  const { lab, a } = await twoHomes(t);
  const line = await invite(lab, 'a');
  await lab.hub.running.stopXmpp();
  const stopped = await a.sh(`evio join --json '${line}'`, { check: false });
  assert.equal(stopped.code, 1);
  const { failure, steps } = JSON.parse(stopped.stdout);
  assert.deepEqual([failure.step, failure.code], ['hub', 'XMPP_UNREACHABLE']);
  assert.match(failure.mend, /see that the hub runs/);
  assert.deepEqual(
    steps.map(({ step }: { step: string }) => step),
    ['host'],
  );
  await lab.hub.running.startXmpp();
  // The operator has an overlay of his own, for which there is no hub yet.
  await a.sh(`umask 077
    echo secret >/etc/evio/mine.password
    printf '%s\\n' '# by hand' 'overlays:' '  - name: mine' \\
      '    xmpp: { jid: me@example.invalid, service: "xmpps://198.18.250.10:9", password_file: mine.password }' >/etc/evio/evio.yaml
    systemctl start evio`);
  const joined = await a.sh(`evio join '${line}'`);
  assert.match(joined.stdout, /evio\.service has read its configuration again/);
  const config = (await a.sh('cat /etc/evio/evio.yaml')).stdout;
  assert.match(config, /# by hand/);
  assert.match(config, /name: evio1/);

  const other = await invite(lab, 'other');
  const clash = await a.sh(`evio join '${other}'`, { check: false });
  assert.match(clash.stderr, /has another overlay edge already\nmend: leave that one first/);

  const forced = await a.sh(`evio join --force '${other}'`);
  assert.match(forced.stdout, /evio\.service was restarted/);
  assert.match(forced.stdout, /other@evio\.test has signed in/);

  const left = await a.sh('evio leave edge');
  assert.match(left.stdout, /the agent has read its configuration again/);
  assert.equal((await a.sh('ls /etc/evio')).stdout, 'evio.yaml\nmine.password\n');
  assert.equal((await a.sh('ip -o link show evio1', { check: false })).code, 1);
  assert.equal((await a.sh('ip -o link show evio0')).code, 0);
});
