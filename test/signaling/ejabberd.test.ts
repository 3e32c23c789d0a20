import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Authority } from './certificates.ts';
import { Ejabberd } from './ejabberd.ts';
import { NodeClient } from './node-client.ts';
import { type ServerUnderTest, scenarios } from './scenarios.ts';

const domain = 'ejabberd.test';
const password = (name: string) => `secret of ${name}`;

describe('ejabberd', () => {
  const authority = new Authority();
  let ejabberd: Ejabberd | undefined;
  let server: ServerUnderTest | undefined;

  before(async () => {
    const members = ['edge-a', 'edge-b', 'edge-c', 'edge-d'];
    const started = await Ejabberd.start({
      domain,
      authority,
      members: Object.fromEntries(members.map(name => [name, password(name)])),
      others: { mallory: password('mallory') },
    });
    ejabberd = started;
    server = {
      domain,
      service: started.service,
      starttlsService: started.starttlsService,
      ca: authority.ca,
      password,
      stop: () => started.stop(),
      start: () => started.run(),
      addMember: async name => {
        await started.addMember(name, password(name));
        return password(name);
      },
    };
  });
  after(async () => {
    await ejabberd?.[Symbol.asyncDispose]();
  });

  const running = () => {
    if (server === undefined) throw new Error('ejabberd is not running');
    return server;
  };
  const withCertificate = (certificateOf: string, issuer = authority) =>
    new NodeClient({
      jid: `edge-a@${domain}`,
      resource: 'node-edge-a',
      service: running().service,
      ca: authority.ca,
      certificate: issuer.client(`${certificateOf}@${domain}`),
    });

  test('a certificate login is SASL EXTERNAL', async () => {
    await using a = await withCertificate('edge-a').online();
    assert.equal(a.mechanism, 'EXTERNAL');
    assert.equal(a.jid, `edge-a@${domain}/node-edge-a`);
  });

  test('a certificate of another account, or of another authority, is refused', async () => {
    for (const [name, issuer] of [
      ['edge-b', authority],
      ['edge-a', new Authority('another')],
    ] as const) {
      await using a = withCertificate(name, issuer);
      a.start();
      const { retryInMs = 0 } = await a.until('offline').then(() => a.currentState);
      assert.ok(retryInMs >= 0);
      const { error } = a.currentState;
      assert.ok(/^AUTH_/.test(error?.code ?? ''), error?.message);
    }
  });

  scenarios(running);
});
