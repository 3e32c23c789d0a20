import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Lab, type NatKind, type UdpSocket } from './index.ts';

/** What each kind claims, in the terms of RFC 4787 §4.1 and §5. */
type Behaviour = 'endpoint-independent' | 'address-dependent' | 'address and port-dependent';
const CLAIMS: Record<
  Exclude<NatKind, 'udp-blocked'>,
  { mapping: Behaviour; filtering: Behaviour }
> = {
  none: { mapping: 'endpoint-independent', filtering: 'endpoint-independent' },
  'full-cone': { mapping: 'endpoint-independent', filtering: 'endpoint-independent' },
  'address-restricted': { mapping: 'endpoint-independent', filtering: 'address-dependent' },
  'port-restricted': {
    mapping: 'endpoint-independent',
    filtering: 'address and port-dependent',
  },
  symmetric: {
    mapping: 'address and port-dependent',
    filtering: 'address and port-dependent',
  },
};

let lab: Lab;
/** Echo sockets on two addresses, two ports each: `[w1:p1, w1:p2, w2:p1]`. */
let echoes: { socket: UdpSocket; endpoint: string }[];

before(async () => {
  const site = (nat: NatKind, ...hosts: string[]) => ({ nat, hosts });
  lab = await Lab.create({
    sites: {
      world: site('none', 'w1', 'w2'),
      none: site('none', 'none'),
      full: site('full-cone', 'full-cone', 'full-b'),
      address: site('address-restricted', 'address-restricted', 'address-b'),
      port: site('port-restricted', 'port-restricted', 'port-b'),
      symmetric: site('symmetric', 'symmetric', 'symmetric-b'),
      blocked: site('udp-blocked', 'udp-blocked'),
      kept: { nat: 'port-restricted', ports: 'preserved', hosts: ['kept'] },
      forgetful: { nat: 'full-cone', udpTimeoutSeconds: 1, hosts: ['forgetful'] },
      double: { nat: ['full-cone', 'symmetric'], hosts: ['double'] },
    },
  });
  const open = async (name: string) => {
    const socket = await lab.host(name).udp(0, { echo: true });
    return { socket, endpoint: `${lab.host(name).address}:${socket.port}` };
  };
  echoes = await Promise.all([open('w1'), open('w1'), open('w2')]);
});

after(async () => {
  await lab?.[Symbol.asyncDispose]();
});

/** The public endpoints that the three echo sockets see of one socket. */
async function mapped(socket: UdpSocket): Promise<string[]> {
  const seen: string[] = [];
  for (const { endpoint } of echoes) {
    socket.send(endpoint, 'who am I?');
    const answer = await socket.receive();
    assert.equal(answer?.from, endpoint, 'an answer came from where it was asked for');
    seen.push(answer.text.replace('saw ', ''));
  }
  return seen;
}

function mappingOf([first, samePlace, otherPlace]: string[]): Behaviour {
  if (first === samePlace && first === otherPlace) return 'endpoint-independent';
  return first === samePlace ? 'address-dependent' : 'address and port-dependent';
}

/** Opens a mapping towards the first echo socket, then sees who else gets in by it. */
async function filteringOf(socket: UdpSocket): Promise<Behaviour> {
  const [first, samePlace, otherPlace] = echoes;
  assert.ok(first && samePlace && otherPlace);
  socket.send(first.endpoint, 'open');
  const door = (await socket.receive())?.text.replace('saw ', '') ?? '';
  first.socket.send(door, 'from the same');
  assert.ok(await socket.hears('from the same'), 'the one that was asked gets in');
  otherPlace.socket.send(door, 'from another address');
  if (await socket.hears('from another address')) return 'endpoint-independent';
  samePlace.socket.send(door, 'from another port');
  if (await socket.hears('from another port')) return 'address-dependent';
  return 'address and port-dependent';
}

for (const [kind, claim] of Object.entries(CLAIMS)) {
  test(`${kind}: its mapping is ${claim.mapping}`, async () => {
    await using socket = await lab.host(kind).udp();
    const seen = await mapped(socket);
    assert.equal(mappingOf(seen), claim.mapping, seen.join(', '));
    const { address, site } = lab.host(kind);
    const expected = kind === 'none' ? address : site.publicAddress;
    assert.ok(seen.every(endpoint => endpoint.startsWith(`${expected}:`)));
  });

  test(`${kind}: its filtering is ${claim.filtering}`, async () => {
    await using socket = await lab.host(kind).udp();
    assert.equal(await filteringOf(socket), claim.filtering);
  });
}

test('udp-blocked: no UDP passes in any direction, TCP does', async () => {
  await using socket = await lab.host('udp-blocked').udp();
  const [echo] = echoes;
  assert.ok(echo);
  socket.send(echo.endpoint, 'hello');
  assert.equal(await socket.receive(300), undefined);
  const listen = "require('net').createServer(s => s.end('hi')).listen(80)";
  const server = lab.host('w1').spawn([process.execPath, '-e', listen], { stdio: 'ignore' });
  const call = `
    const dial = () => require('net').connect(80, '${lab.host('w1').address}')
      .on('data', d => console.log(String(d))).on('error', () => setTimeout(dial, 50)); dial();`;
  const { stdout } = await lab.host('udp-blocked').exec([process.execPath, '-e', call]);
  assert.equal(stdout.trim(), 'hi');
  server.kill('SIGKILL');
});

for (const [kind, other] of [
  ['full-cone', 'full-b'],
  ['address-restricted', 'address-b'],
  ['port-restricted', 'port-b'],
  ['symmetric', 'symmetric-b'],
] as const) {
  test(`${kind}: two hosts that use one local port never share a public one`, async () => {
    await using a = await lab.host(kind).udp(40_000);
    await using b = await lab.host(other).udp(40_000);
    const [seenA, seenB] = [await mapped(a), await mapped(b)];
    assert.ok(seenA.every(endpoint => !seenB.includes(endpoint)));
    assert.equal(mappingOf(seenB), mappingOf(seenA));
  });
}

test('a wide filter leads to the host whose mapping it is', async () => {
  await using a = await lab.host('full-cone').udp();
  await using b = await lab.host('full-b').udp();
  const [doorA = ''] = await mapped(a);
  const [doorB = ''] = await mapped(b);
  await using stranger = await lab.host('none').udp();
  stranger.send(doorA, 'to a');
  stranger.send(doorB, 'to b');
  assert.ok(await a.hears('to a'));
  assert.ok(await b.hears('to b'));
  // The answer leaves by the same door.
  a.send(`${lab.host('none').address}:${stranger.port}`, 'back');
  assert.deepEqual(await stranger.receive(), { from: doorA, text: 'back' });
});

test('an early datagram from a stranger does not spoil the hole that is punched next', async () => {
  await using a = await lab.host('port-restricted').udp();
  await using stranger = await lab.host('none').udp();
  const [door = ''] = await mapped(a);
  stranger.send(door, 'too early');
  assert.equal(await a.hears('too early', 100), false);
  a.send(`${lab.host('none').address}:${stranger.port}`, 'punch');
  assert.deepEqual(await stranger.receive(), { from: door, text: 'punch' });
  stranger.send(door, 'now');
  assert.ok(await a.hears('now'));
});

test('ports are the local ones where they are to be preserved', async () => {
  await using socket = await lab.host('kept').udp();
  const [seen] = await mapped(socket);
  assert.equal(seen, `${lab.site('kept').publicAddress}:${socket.port}`);
});

test('two NATs in a row behave as the stricter of them', async () => {
  await using socket = await lab.host('double').udp();
  assert.equal(mappingOf(await mapped(socket)), 'address and port-dependent');
  await using fresh = await lab.host('double').udp();
  assert.equal(await filteringOf(fresh), 'address and port-dependent');
});

test('an idle mapping is forgotten in its time', async () => {
  await using socket = await lab.host('forgetful').udp();
  await using stranger = await lab.host('none').udp();
  const [door = ''] = await mapped(socket);
  stranger.send(door, 'in time');
  assert.ok(await socket.hears('in time'));
  // Long enough for the mapping of 1 s: this is what the test is about.
  await new Promise(resolve => setTimeout(resolve, 2500));
  await using late = await lab.host('none').udp();
  late.send(door, 'too late');
  assert.equal(await socket.hears('too late', 200), false);
});

test('a flushed NAT forgets UDP mappings and gives new ones', async () => {
  for (const kind of ['full-cone', 'address-restricted', 'port-restricted'] as const) {
    await using socket = await lab.host(kind).udp();
    const [door = ''] = await mapped(socket);
    await lab.host(kind).site.flushNat();
    const [echo] = echoes;
    echo?.socket.send(door, 'by the old door');
    assert.equal(await socket.hears('by the old door', 150), false, kind);
    const [fresh] = await mapped(socket);
    assert.notEqual(fresh, door, kind);
  }
});

test('a site that gets another public address is seen by that one', async () => {
  await using socket = await lab.host('port-restricted').udp();
  const [before = ''] = await mapped(socket);
  const address = await lab.site('port').changePublicAddress();
  const [now = ''] = await mapped(socket);
  assert.ok(now.startsWith(`${address}:`), now);
  assert.ok(!before.startsWith(`${address}:`), before);
});

test('a host that changes its address, or its site, keeps talking', async () => {
  const host = lab.host('symmetric-b');
  await using socket = await host.udp();
  const old = host.address;
  const fresh = await host.changeAddress();
  assert.notEqual(fresh, old);
  await mapped(socket);
  await host.moveTo(lab.site('full'));
  const [seen = ''] = await mapped(socket);
  assert.ok(seen.startsWith(lab.site('full').publicAddress));
});
