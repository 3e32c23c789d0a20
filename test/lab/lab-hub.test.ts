import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HUB_ADDRESSES, Lab } from './index.ts';

test('the hub answers STUN with the public side of a NAT, and XMPP over TLS', async () => {
  await using lab = await Lab.create({
    hub: true,
    sites: { home: { nat: 'port-restricted', hosts: ['a'] } },
  });
  // It goes on to the probes of RFC 5780, which this NAT rightly lets starve.
  const ask = ['timeout', '1', 'turnutils_stunclient', '-p', '3478', HUB_ADDRESSES[0]];
  const { stdout } = await lab.host('a').exec(ask, { check: false });
  assert.match(stdout, new RegExp(`reflexive addr: ${lab.site('home').publicAddress}:`));
  const { dir } = await lab.hub.addNode('a');
  const tls = await lab
    .host('a')
    .exec([
      ...['openssl', 's_client', '-connect', `${HUB_ADDRESSES[0]}:5223`, '-verify_return_error'],
      ...['-CAfile', `${dir}/ca.pem`, '-verify_hostname', lab.hub.domain, '-brief'],
    ]);
  assert.match(tls.stderr, /Verification: OK/);
});

test('the hub can be stopped, and comes back with its accounts', async () => {
  await using lab = await Lab.create({ hub: true, sites: { home: { hosts: ['a'] } } });
  await lab.hub.addNode('a');
  await lab.hub.stop();
  const dial = ['sh', '-c', `exec 3<>/dev/tcp/${HUB_ADDRESSES[0]}/5223`];
  const bash = ['bash', ...dial.slice(1)];
  assert.notEqual((await lab.host('a').exec(bash, { check: false })).code, 0);
  await lab.hub.start();
  assert.equal((await lab.host('a').exec(bash, { check: false })).code, 0);
  assert.deepEqual(
    lab.hub.running.nodes().map(({ jid }) => jid),
    ['a@evio.test'],
  );
});
