/** What docs/howto/site-to-site.md says, typed on two gateways, each with a machine behind it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConfigFileInput } from '@evio/agent/config';
import { parse, stringify } from 'yaml';
import { blocksOf, pages } from '../documentation/pages.ts';
import { type Host, Lab, run } from '../lab/index.ts';
import { FreshHost } from './fresh-host.ts';
import { commandsOf } from './page-commands.ts';

const PAGE = 'docs/howto/site-to-site.md';
const CONFIG = '/etc/evio/evio.yaml';
const SITES = ['a', 'b'] as const;

type Interface = NonNullable<ConfigFileInput['overlays'][number]['interface']>;

test('machines at two sites, none of which has Evio, are on one Ethernet', async () => {
  await using lab = await Lab.create({
    sites: {
      world: { hosts: ['hub'] },
      a: { nat: 'port-restricted', hosts: ['gateway-a', 'machine-a'] },
      b: { nat: 'address-restricted', hosts: ['gateway-b', 'machine-b'] },
    },
  });
  const install = (name: string) => FreshHost.install(lab.host(name), lab.directory);
  await using hub = await install('hub');
  await using gatewayA = await install('gateway-a');
  await using gatewayB = await install('gateway-b');
  const gateways = { a: gatewayA, b: gatewayB };

  // What the page takes for granted: a hub, two nodes, and at each site a LAN of its own.
  const { address } = lab.host('hub');
  await hub.sh(`evio hub init --domain example.org --address ${address} --overlay site=10.30.0.0/16
    systemctl enable --now evio-hub`);
  for (const site of SITES) {
    const { stdout: line } = await hub.sh(`evio hub invite gateway-${site}`);
    await gateways[site].sh(`evio join '${line.trim()}'`);
    await plugInto(gateways[site].host, lab.host(`machine-${site}`));
  }

  // At site A the interface is the page's; at site B it has no more than a bridge in addition.
  await changeInterface(gateways.a, shownInterface());
  await changeInterface(gateways.b, { bridge: 'br0' });
  const printed = { a: '', b: '' };
  for (const site of SITES) {
    for (const { host, lines } of commandsOf(PAGE)) {
      for (const line of lines) {
        const { stdout } =
          host === 'gateway'
            ? await gateways[site].sh(line)
            : await lab.host(`machine-${site}`).exec(['sh', '-euc', line]);
        printed[site] += stdout;
      }
    }
  }
  const number = { a: 1, b: 2 };
  for (const site of SITES) {
    const ip = ['ip', 'address', 'add', `10.30.100.${number[site]}/16`, 'dev', 'eth0'];
    await lab.host(`machine-${site}`).exec(ip);
  }

  const machine = lab.host('machine-a');
  for (const target of ['10.30.100.2', '10.30.0.1', '10.30.0.2']) {
    const whole = ['ping', '-c', '1', '-W', '5', '-M', 'do', '-s', '1372', target];
    await machine.exec(whole);
  }
  assert.match(printed.b, /gateway-a .*10\.30\.0\.1/);
  const { stdout: own } = await lab.host('machine-b').exec(['cat', '/sys/class/net/eth0/address']);
  const { stdout: macs } = await gateways.a.sh('bridge fdb show br br0');
  assert.match(macs, new RegExp(`${own.trim()} dev evio0 `));
});

/** Moves a machine from its site's network to the second network card of its gateway. */
async function plugInto(gateway: Host, machine: Host): Promise<void> {
  await machine.unplug();
  await run([
    ...['ip', 'link', 'add', 'name', 'eth0', 'netns', machine.namespace.name, 'type', 'veth'],
    ...['peer', 'name', 'eth1', 'netns', gateway.namespace.name],
  ]);
  await machine.namespace.ip(['link set eth0 up']);
}

/** The interface in the page's configuration. */
function shownInterface(): Interface {
  const block = pages()
    .flatMap(blocksOf)
    .find(({ page, info }) => page === PAGE && info === 'yaml evio.yaml');
  const config: ConfigFileInput = parse(block?.content ?? '');
  const shown = config.overlays[0]?.interface;
  assert.ok(shown);
  return shown;
}

async function changeInterface(gateway: FreshHost, change: Interface): Promise<void> {
  const config: ConfigFileInput = parse((await gateway.sh(`cat ${CONFIG}`)).stdout);
  const [overlay] = config.overlays;
  assert.ok(overlay);
  overlay.interface = { ...overlay.interface, ...change };
  await gateway.sh(`cat >${CONFIG}`, { input: stringify(config) });
}
