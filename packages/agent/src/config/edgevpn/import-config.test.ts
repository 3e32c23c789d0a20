import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { ConfigFile } from '../schema.ts';
import { importConfig } from './index.ts';

const convert = (
  old: unknown,
  accountOf: (file: string) => string | undefined = () => undefined,
) => {
  const result = importConfig(JSON.stringify(old), { directory: '/etc/evio', accountOf });
  return { ...result, config: parse(result.yaml) };
};

/** As the Debian package of 2021 shipped it, filled in. */
const CFX = {
  CFx: { Model: 'Default', Overlays: ['A0FB389'], NodeId: 'a100001feb6040628e5fb7e70b04f001' },
  Logger: { LogLevel: 'WARNING', Device: 'File', Directory: '/var/log/evio/', MaxArchives: 2 },
  Signal: {
    Enabled: true,
    Overlays: {
      A0FB389: {
        HostAddress: 'xmpp.example.org',
        Port: '5222',
        Username: 'edge-a@example.org',
        Password: 'correct horse',
        AuthenticationMethod: 'PASSWORD',
      },
    },
  },
  Topology: {
    PeerDiscoveryCoalesce: 8,
    Overlays: {
      A0FB389: {
        Description: 'Site one',
        MaxSuccessors: 2,
        MaxLongDistEdges: 4,
        MaxOnDemandEdges: 3,
        EnforcedEdges: ['a100001feb6040628e5fb7e70b04f002'],
        Role: 'Switch',
      },
    },
  },
  LinkManager: {
    Stun: ['stun.example.org:3478'],
    Turn: [{ Address: 'turn.example.org:3478', User: 'edge', Password: 'battery' }],
    Overlays: {
      A0FB389: { Type: 'TUNNEL', TapNamePrefix: 'tnl', IgnoredNetInterfaces: ['docker0'] },
    },
  },
  BridgeController: {
    BoundedFlood: { OverlayId: 'A0FB389', LogDir: '/var/log/evio/', DemandThreshold: '100M' },
    Overlays: {
      A0FB389: {
        NetDevice: {
          AutoDelete: true,
          Type: 'OVS',
          SwitchProtocol: 'BF',
          NamePrefix: 'evi',
          MTU: 1410,
          AppBridge: {
            Type: 'OVS',
            NamePrefix: 'appbr',
            IP4: '10.10.100.3',
            PrefixLen: 16,
            MTU: 1350,
          },
        },
        SDNController: { ConnectionType: 'tcp', HostName: '127.0.0.1', Port: '6633' },
      },
    },
  },
  UsageReport: { Enabled: true, TimerInterval: 3600 },
};

test('what has an equal is taken over', () => {
  const { config, secrets } = convert(CFX);
  assert.deepEqual(config, {
    log: { level: 'warn' },
    overlays: [
      {
        name: 'A0FB389',
        xmpp: {
          jid: 'edge-a@example.org',
          password_file: '/etc/evio/A0FB389.password',
          service: 'xmpp://xmpp.example.org:5222',
        },
        interface: { name: 'evio0', address: ['10.10.100.3/16'], mtu: 1350, bridge: 'appA0FB389' },
        ice: {
          stun: ['stun:stun.example.org:3478'],
          turn: [
            {
              url: 'turn:turn.example.org:3478',
              username: 'edge',
              password_file: '/etc/evio/A0FB389.turn0.password',
            },
          ],
          ignore_interfaces: ['docker0'],
        },
        topology: { successors: 2, shortcuts: 4, on_demand: 3 },
      },
    ],
  });
  assert.deepEqual(secrets, [
    { file: '/etc/evio/A0FB389.turn0.password', content: 'battery\n' },
    { file: '/etc/evio/A0FB389.password', content: 'correct horse\n' },
  ]);
  assert.ok(ConfigFile.safeParse(config).success);
});

test('passwords stay out of the YAML and of the warnings', () => {
  const { yaml, warnings } = convert(CFX);
  assert.doesNotMatch(yaml + warnings.join(), /correct horse|battery/);
});

test('each setting without an equal is warned about', () => {
  const { warnings } = convert(CFX);
  for (const key of [
    'CFx.NodeId',
    'Logger.Device',
    'Logger.Directory',
    'Topology.PeerDiscoveryCoalesce',
    'Topology.Overlays.A0FB389.Description',
    'Topology.Overlays.A0FB389.EnforcedEdges',
    'LinkManager.Overlays.A0FB389.TapNamePrefix',
    'BridgeController.BoundedFlood.DemandThreshold',
    'BridgeController.Overlays.A0FB389.SDNController.Port',
    'UsageReport.Enabled',
  ]) {
    assert.ok(
      warnings.some(text => text.includes(key)),
      `${key} in\n${warnings.join('\n')}`,
    );
  }
});

/** The later form, as its template has it, with two overlays and a leaf. */
const BROKER = {
  Broker: { Overlays: ['EDGE-1', 'PODS'] },
  Signal: {
    Overlays: {
      'EDGE-1': {
        HostAddress: '192.0.2.10',
        AuthenticationMethod: 'x509',
        Port: '5223',
        CertDirectory: '/etc/evio/certs',
        CertFile: 'edge.crt',
        KeyFile: 'edge.key',
      },
      PODS: { HostAddress: '2001:db8::10', Port: 5222, Username: 'edge-a@openfire.local' },
    },
  },
  Topology: { Overlays: { PODS: { MinSuccessors: 3, Role: 'Leaf', ManualTopology: true } } },
  BridgeController: {
    BoundedFlood: { Overlays: { PODS: { MaxOnDemandEdges: 1 } } },
    Overlays: {
      'EDGE-1': { NetDevice: { Type: 'VNIC', IP4: '10.10.10.1', PrefixLen: 24 } },
      PODS: { NetDevice: { Type: 'LXBR', NamePrefix: 'pods', IP4: '10.20.0.1', PrefixLen: 16 } },
    },
  },
  OverlayVisualizer: { Enabled: false, NodeName: 'nd-001' },
};

test('certificates, several overlays and Linux bridges are taken over', () => {
  const { config, secrets, warnings } = convert(BROKER, () => 'edge-a@example.org');
  assert.equal(config.name, 'nd-001');
  assert.deepEqual(config.overlays[0].xmpp, {
    jid: 'edge-a@example.org',
    certificate_file: '/etc/evio/certs/edge.crt',
    key_file: '/etc/evio/certs/edge.key',
    service: 'xmpps://192.0.2.10:5223',
  });
  assert.deepEqual(config.overlays[0].interface, { name: 'evio0', address: ['10.10.10.1/24'] });
  assert.equal(config.overlays[1].xmpp.service, 'xmpp://[2001:db8::10]:5222');
  assert.deepEqual(config.overlays[1].interface, {
    name: 'evio1',
    address: ['10.20.0.1/16'],
    bridge: 'podPODS',
  });
  assert.deepEqual(config.overlays[1].topology, {
    successors: 3,
    on_demand: 1,
    role: 'leaf',
    manual: true,
  });
  assert.deepEqual(secrets, []);
  const said = warnings.join('\n');
  assert.match(said, /PODS\.Password: missing/);
});

test('an account that cannot be known is asked for', () => {
  const { warnings } = convert(BROKER);
  assert.match(warnings.join('\n'), /EDGE-1\.Username: expected an account/);
});

test('what is not such a file is refused', () => {
  const options = { directory: '/etc/evio', accountOf: () => undefined };
  for (const text of ['{', '[]', '{}', '{"CFx": {"Overlays": []}}']) {
    assert.throws(() => importConfig(text, options), { code: 'IMPORT_INVALID' });
  }
});
