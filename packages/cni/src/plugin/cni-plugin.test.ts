import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CniError } from '../protocol/cni-error.ts';
import { PluginFixture } from './fixture.ts';

test('ADD makes an interface with an address of each family and says what it made', async () => {
  using fixture = new PluginFixture();
  const { status, output } = await fixture.call('ADD', { config: { ipMasq: true } });
  assert.equal(status, 0);
  assert.equal(output.cniVersion, '1.1.0');
  const [bridge, host, pod] = output.interfaces;
  assert.equal(bridge.name, 'evio-pods');
  assert.match(host.name, /^evp[0-9a-f]{12}$/);
  assert.deepEqual([pod.name, pod.sandbox, pod.mtu], ['eth0', '/run/netns/pod', 1400]);
  assert.deepEqual(output.ips, [
    { address: '10.244.3.2/16', gateway: '10.244.3.1', interface: 2 },
    { address: 'fd00:244:0:300::2/48', gateway: 'fd00:244:0:300::1', interface: 2 },
  ]);
  assert.deepEqual(output.routes, [
    { dst: '0.0.0.0/0', gw: '10.244.3.1' },
    { dst: '::/0', gw: 'fd00:244:0:300::1' },
  ]);
  assert.deepEqual(fixture.network.bridges[0]?.gateways, ['10.244.3.1/16', 'fd00:244:0:300::1/48']);
  assert.deepEqual(fixture.network.masquerading.get('pods'), {
    pods: ['10.244.3.0/24', 'fd00:244:0:300::/56'],
    within: ['10.244.0.0/16', 'fd00:244::/48'],
  });
});

test('a result has the shape of the version that was asked in', async () => {
  for (const cniVersion of ['0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0']) {
    using fixture = new PluginFixture();
    const { output } = await fixture.call('ADD', { config: { cniVersion } });
    const old = cniVersion < '1.0.0';
    assert.equal(output.cniVersion, cniVersion);
    assert.equal(output.ips[0].version, old ? '4' : undefined, cniVersion);
    assert.equal(output.interfaces[2].mtu, cniVersion === '1.1.0' ? 1400 : undefined, cniVersion);
  }
});

test('without isGateway there is neither gateway nor default route', async () => {
  using fixture = new PluginFixture();
  const { output } = await fixture.call('ADD', { config: { isDefaultGateway: false } });
  assert.deepEqual(output.routes, []);
  assert.equal(output.ips[0].gateway, undefined);
  assert.deepEqual(fixture.network.bridges[0]?.gateways, []);
});

test('an ADD that fails leaves no interface, no address and no file', async () => {
  using fixture = new PluginFixture();
  fixture.network.failure = new CniError('networkFailure', 'no');
  const { status, output } = await fixture.call('ADD');
  assert.deepEqual([status, output.code, output.msg], [1, 100, 'no']);
  assert.equal(fixture.network.pods.size, 0);
  assert.deepEqual(fixture.attachments.all(), []);
  fixture.network.failure = undefined;
  fixture.restart();
  assert.equal((await fixture.call('ADD')).output.ips[0].address, '10.244.3.2/16');
});

test('DEL succeeds twice, without namespace and without a record, and frees the address', async () => {
  using fixture = new PluginFixture();
  await fixture.call('ADD');
  const without = { environment: { CNI_NETNS: '' } };
  assert.equal((await fixture.call('DEL', without)).status, 0);
  assert.equal((await fixture.call('DEL', without)).status, 0);
  assert.equal(fixture.network.pods.size, 0);
  assert.deepEqual(fixture.attachments.usage.taken, 0);
});

test('addresses stay taken over a restart, and no two pods at once get the same', async () => {
  using fixture = new PluginFixture();
  const add = (number: number) =>
    fixture.call('ADD', { environment: { CNI_CONTAINERID: `pod-${number}` } });
  const first = await Promise.all(Array.from({ length: 20 }, (_, index) => add(index)));
  fixture.restart();
  const second = await Promise.all(Array.from({ length: 20 }, (_, index) => add(index + 20)));
  const addresses = [...first, ...second].map(({ output }) => output.ips[0].address);
  assert.equal(new Set(addresses).size, 40);
});

test('what a crash left of an ADD is cleared by the next one, and by a sweep', async () => {
  using fixture = new PluginFixture();
  await fixture.call('ADD');
  const [made] = fixture.attachments.all();
  assert.ok(made);
  fixture.network.namespaces.delete(made.netns);
  fixture.restart();
  assert.deepEqual(await fixture.attachments.sweep(), [made.hostIf]);
  assert.deepEqual([fixture.network.pods.size, fixture.attachments.usage.taken], [0, 0]);
});

test('a second ADD of the same interface is refused and does not harm the first', async () => {
  using fixture = new PluginFixture();
  await fixture.call('ADD');
  assert.equal((await fixture.call('ADD')).output.code, 4);
  assert.equal(fixture.network.pods.size, 1);
});

test('the runtime decides on MAC, addresses and ranges, in Go casing, and nulls count as absent', async () => {
  using fixture = new PluginFixture();
  const { output } = await fixture.call('ADD', {
    config: {
      IPAM: null,
      DNS: null,
      PrevResult: null,
      RuntimeConfig: { Ips: ['10.244.3.77/24'], MAC: '02:00:00:00:00:07', Bandwidth: null },
    },
  });
  assert.equal(output.ips[0].address, '10.244.3.77/16');
  assert.equal(output.interfaces[2].mac, '02:00:00:00:00:07');
  const ranged = await fixture.call('ADD', {
    config: {
      runtimeConfig: {
        ipRanges: [
          [{ subnet: '10.244.3.0/24', rangeStart: '10.244.3.100', rangeEnd: '10.244.3.101' }],
        ],
        bandwidth: {
          ingressRate: 8_000_000,
          ingressBurst: 80_000,
          egressRate: 1000,
          egressBurst: 8000,
        },
      },
    },
    environment: { CNI_CONTAINERID: 'c2' },
  });
  assert.equal(ranged.output.ips[0].address, '10.244.3.100/16');
  const pod = [...fixture.network.pods.values()].at(-1);
  assert.deepEqual([pod?.ingress?.rate, pod?.egress?.burst], [8_000_000, 8000]);
});

test('a wrong value is refused with code 7 and the name of its key; unknown keys are ignored', async () => {
  using fixture = new PluginFixture();
  const wrong: [object, RegExp][] = [
    [{ isGateway: 'yes' }, /^isGateway: expected true or false, got "yes"/],
    [{ mtu: 'big' }, /^mtu: /],
    [{ mtu: 1401 }, /^mtu: expected at most the overlay's 1400, got 1401/],
    [{ mtu: 68 }, /^mtu: /],
    [{ name: '' }, /^name: /],
    [{ name: 'a/b' }, /^name: /],
    [{ ipam: [] }, /^ipam: /],
    [{ ipam: { type: '../x' } }, /^ipam\.type: /],
    [{ dns: { nameservers: [1] } }, /^dns\.nameservers\[0\]: /],
    [{ runtimeConfig: { mac: 'x' } }, /^runtimeConfig\.mac: /],
    [{ runtimeConfig: { mac: '01:00:00:00:00:01' } }, /^runtimeConfig\.mac: /],
    [{ runtimeConfig: { ips: ['nowhere'] } }, /^runtimeConfig\.ips\[0\]: /],
    [{ runtimeConfig: { ips: ['10.9.9.9'] } }, /^runtimeConfig\.ips: 10\.9\.9\.9/],
    [
      { runtimeConfig: { bandwidth: { ingressRate: 5 } } },
      /^runtimeConfig\.bandwidth\.ingressBurst: /,
    ],
    [
      { runtimeConfig: { ipRanges: [[{ subnet: 'x' }]] } },
      /^runtimeConfig\.ipRanges\[0\]\[0\]\.subnet: /,
    ],
    [{ prevResult: { ips: [{ address: 'x' }] } }, /^prevResult\.ips\[0\]\.address: /],
  ];
  for (const [config, message] of wrong) {
    const { status, output } = await fixture.call('ADD', { config });
    assert.deepEqual([status, output.code], [1, 7], JSON.stringify(config));
    assert.match(output.msg, message);
  }
  assert.equal(fixture.network.pods.size, 0);
  assert.equal((await fixture.call('ADD', { config: { someThing: { deep: 1 } } })).status, 0);
  assert.deepEqual(fixture.faults, []);
});

test('versions, variables and JSON that make no sense have their own codes', async () => {
  using fixture = new PluginFixture();
  const code = async (...call: Parameters<PluginFixture['call']>) =>
    (await fixture.call(...call)).output.code;
  assert.equal(await code('ADD', { config: { cniVersion: '2.0.0' } }), 1);
  assert.equal(await code('ADD', { config: { cniVersion: '0.2.0' } }), 1);
  assert.equal(await code('CHECK', { config: { cniVersion: '0.3.1' } }), 1);
  assert.equal(await code('GC', { config: { cniVersion: '1.0.0' } }), 1);
  assert.equal(await code('STATUS', { config: { cniVersion: '1.0.0' } }), 1);
  assert.equal(await code('ADD', { environment: { CNI_NETNS: '/run/netns/other' } }), 3);
  assert.equal(await code('ADD', { environment: { CNI_NETNS: '' } }), 4);
  assert.equal(await code('ADD', { environment: { CNI_IFNAME: 'a b' } }), 4);
  assert.equal(await code('ADD', { environment: { CNI_IFNAME: '' } }), 4);
  assert.equal(await code('ADD', { environment: { CNI_CONTAINERID: '../x' } }), 4);
  assert.equal(await code('ADD', { environment: { CNI_NETNS: '/run/x y' } }), 4);
  assert.equal(await code('FLY'), 4);
  assert.equal(await code('ADD', { input: '{' }), 6);
  assert.equal(await code('ADD', { input: '' }), 6);
});

test('without a range of its own: ADD is to be tried again, STATUS says why', async () => {
  using fixture = new PluginFixture();
  fixture.ranges = { missing: 'waiting for votes' };
  assert.deepEqual((await fixture.call('ADD')).output.code, 11);
  const { output } = await fixture.call('STATUS');
  assert.deepEqual([output.code, output.msg], [50, 'waiting for votes']);
  fixture.ranges = { networks: ['10.244.0.0/16'], ranges: ['10.244.3.0/29'] };
  assert.equal((await fixture.call('STATUS')).status, 0);
  for (let number = 0; number < 5; number++) {
    const { status } = await fixture.call('ADD', {
      environment: { CNI_CONTAINERID: `p${number}` },
    });
    assert.equal(status, 0);
  }
  assert.equal(
    (await fixture.call('ADD', { environment: { CNI_CONTAINERID: 'p9' } })).output.code,
    11,
  );
  assert.equal((await fixture.call('STATUS')).output.code, 50);
});

test('CHECK finds what changed', async () => {
  using fixture = new PluginFixture();
  const added = await fixture.call('ADD');
  const config = { prevResult: added.output };
  assert.equal((await fixture.call('CHECK', { config })).status, 0);
  assert.equal((await fixture.call('CHECK')).output.code, 7);
  const [pod] = fixture.network.pods.values();
  assert.ok(pod);
  fixture.network.pods.set(pod.hostIf, { ...pod, addresses: [] });
  assert.match((await fixture.call('CHECK', { config })).output.msg, /has lost 10\.244\.3\.2/);
  fixture.network.pods.clear();
  assert.equal((await fixture.call('CHECK', { config })).output.code, 101);
});

test('GC removes what is not listed, of its own network only', async () => {
  using fixture = new PluginFixture();
  const add = (container: string, name: string) =>
    fixture.call('ADD', { environment: { CNI_CONTAINERID: container }, config: { name } });
  await add('keep', 'pods');
  await add('drop', 'pods');
  await add('other', 'elsewhere');
  const list = [{ containerID: 'keep', ifname: 'eth0' }];
  assert.equal(
    (await fixture.call('GC', { config: { 'cni.dev/valid-attachments': list } })).status,
    0,
  );
  const left = fixture.attachments.all().map(({ containerId }) => containerId);
  assert.deepEqual(left.sort(), ['keep', 'other']);
  assert.equal(fixture.network.pods.size, 2);
});

test('an IPAM plugin hands addresses out and takes them back, also when ADD fails after it', async () => {
  using fixture = new PluginFixture();
  const calls: string[] = [];
  fixture.delegate = async (plugin, command) => {
    calls.push(`${plugin} ${command}`);
    if (command !== 'ADD') return undefined;
    return {
      interfaces: [],
      ips: [{ address: '10.244.9.5/24' }],
      routes: [{ dst: '192.168.0.0/16' }],
      dns: { nameservers: [], search: [], options: [] },
    };
  };
  const config = { ipam: { type: 'host-local' }, ipMasq: true };
  const { output } = await fixture.call('ADD', { config });
  assert.deepEqual(output.ips, [{ address: '10.244.9.5/24', gateway: '10.244.9.1', interface: 2 }]);
  assert.deepEqual(output.routes, [
    { dst: '192.168.0.0/16', gw: '10.244.9.1' },
    { dst: '0.0.0.0/0', gw: '10.244.9.1' },
  ]);
  const [pod] = fixture.network.pods.values();
  assert.deepEqual(pod?.routes[0], { dst: '10.244.0.0/16' });
  await fixture.call('DEL', { config });
  fixture.network.failure = new CniError('networkFailure', 'no');
  await fixture.call('ADD', { config });
  assert.deepEqual(calls, ['host-local ADD', 'host-local DEL', 'host-local ADD', 'host-local DEL']);
});

test('what comes before us in a chain stays in the result', async () => {
  using fixture = new PluginFixture();
  const prevResult = {
    cniVersion: '1.1.0',
    interfaces: [{ name: 'lo0', sandbox: '/run/netns/pod' }],
    ips: [{ address: '192.0.2.1/32', interface: 0 }],
    dns: { nameservers: ['192.0.2.53'] },
  };
  const { output } = await fixture.call('ADD', { config: { prevResult } });
  assert.equal(output.interfaces.length, 4);
  assert.deepEqual(
    output.ips.map((ip: { interface: number }) => ip.interface),
    [0, 3, 3],
  );
  assert.deepEqual(output.dns, { nameservers: ['192.0.2.53'] });
});
