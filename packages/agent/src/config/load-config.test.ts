import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ConfigError } from './config-error.ts';
import { configDirectory } from './fixture.ts';
import { loadConfig, parseConfig } from './load-config.ts';

/** The problems of a file, as `LINE:COLUMN KEY: MESSAGE`. */
function problemsOf(text: string, path = '/nowhere'): string[] {
  try {
    parseConfig(join(path, 'evio.yaml'), text);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems.map(
      ({ line, column, key, message }) => `${line}:${column} ${key}: ${message}`,
    );
  }
  return [];
}

test('the shortest file gets the defaults', () => {
  using directory = configDirectory();
  const file = directory.write(
    'evio.yaml',
    `overlays:
  - name: edge
    xmpp: { jid: edge-a@example.org, password_file: edge.password }
`,
  );
  assert.deepEqual(loadConfig(file), {
    file,
    name: hostname().split('.')[0],
    stateDir: '/var/lib/evio',
    controlSocket: '/run/evio/evio.sock',
    listen: { port: 0 },
    log: { level: 'info' },
    dashboard: { enabled: true, listen: { address: '127.0.0.1', port: 9654 } },
    metrics: { enabled: false, listen: { address: '127.0.0.1', port: 9655 }, peerSeries: 200 },
    timers: { rekeySeconds: 120, rejectSeconds: 180, keepaliveSeconds: 4 },
    overlays: [
      {
        name: 'edge',
        xmpp: {
          jid: 'edge-a@example.org',
          password: 'correct horse',
          group: 'edge',
          allowPlain: false,
        },
        interface: { name: 'evio0', addresses: [], mtu: 1400 },
        ice: { servers: [], ignoreInterfaces: [] },
        topology: {
          successors: 2,
          shortcuts: 'auto',
          onDemand: 8,
          static: [],
          leaf: false,
          manual: false,
        },
      },
    ],
  });
});

test('an account is read as servers write it', () => {
  using directory = configDirectory();
  const file = directory.write(
    'evio.yaml',
    'overlays: [{ name: edge, xmpp: { jid: Edge-A@Example.org, password_file: edge.password } }]\n',
  );
  assert.equal(loadConfig(file).overlays[0]?.xmpp.jid, 'edge-a@example.org');
});

test('addresses are written as in node records', () => {
  using directory = configDirectory();
  const text = `overlays:
  - name: edge
    xmpp: { jid: edge-a@example.org, password_file: edge.password }
    interface: { address: ['FD00::0001/64', 10.10.0.1/16] }
`;
  const config = loadConfig(directory.write('evio.yaml', text));
  assert.deepEqual(config.overlays[0]?.interface.addresses, ['fd00::1/64', '10.10.0.1/16']);
});

test('more addresses than a node record carries are refused', () => {
  using directory = configDirectory();
  const addresses = Array.from({ length: 17 }, (_, index) => `10.10.0.${index + 1}/16`);
  const file = directory.write(
    'evio.yaml',
    `overlays:
  - name: edge
    xmpp: { jid: edge-a@example.org, password_file: edge.password }
    interface: { address: [${addresses.join(', ')}] }
`,
  );
  assert.throws(() => loadConfig(file), { message: /interface\.address: expected at most 16/ });
});

test('a full file is read, with the files that it names', () => {
  using directory = configDirectory();
  directory.makeCertificate('edge');
  directory.write('turn.password', 'battery');
  directory.write('psk', `${'ab'.repeat(32)}\n`);
  const file = directory.write(
    'evio.yaml',
    `name: edge-a
listen: { port: 41000 }
overlays:
  - name: edge
    secret_file: psk
    xmpp:
      jid: edge-a@example.org
      certificate_file: edge.crt
      key_file: edge.key
      service: xmpps://[2001:db8::5]:5223
      ca: edge.crt
      group: everybody
    interface: { name: tap9, address: [10.10.0.1/16, "fd00::1/64"], mtu: 1300, bridge: br0 }
    ice:
      stun: ["stun:192.0.2.3", "stun:stun.example.org:19302"]
      turn:
        - { url: "turn:turn.example.org?transport=tcp", username: edge, password_file: turn.password }
        - { url: "turns:turn.example.org", username: edge, password_file: turn.password }
      ignore_interfaces: [wg*]
    topology: { successors: 3, shortcuts: 0, static: [hub@example.org], role: leaf, manual: true }
`,
  );
  const [overlay] = loadConfig(file).overlays;
  assert.deepEqual(overlay?.interface, {
    name: 'tap9',
    addresses: ['10.10.0.1/16', 'fd00::1/64'],
    mtu: 1300,
    bridge: 'br0',
  });
  const turn = { kind: 'turn', host: 'turn.example.org', username: 'edge', credential: 'battery' };
  assert.deepEqual(overlay?.ice.servers, [
    { kind: 'stun', transport: 'udp', host: '192.0.2.3', port: 3478 },
    { kind: 'stun', transport: 'udp', host: 'stun.example.org', port: 19302 },
    { ...turn, transport: 'tcp', port: 3478 },
    { ...turn, transport: 'tls', port: 5349 },
  ]);
  assert.equal(overlay?.xmpp.group, 'everybody');
  assert.match(overlay?.xmpp.certificate?.key ?? '', /PRIVATE KEY/);
  // TURN over TLS trusts the authority of the XMPP server unless told otherwise.
  assert.equal(overlay?.ice.ca, overlay?.xmpp.ca);
  assert.deepEqual(overlay?.secret, new Uint8Array(32).fill(0xab));
  assert.deepEqual(overlay?.topology.shortcuts, 0);
  assert.deepEqual([overlay?.topology.leaf, overlay?.topology.manual], [true, true]);
});

test('all problems are told at once, each with its place and what is expected', () => {
  assert.deepEqual(
    problemsOf(`nmae: edge-a
overlays:
  - name: edge
    xmpp:
      jid: edge-a
      password_file: gone.password
      servce: xmpps://example.org
    interface: { address: [10.10.0.1], mtu: 100 }
  - xmpp: { jid: b@example.org, password_file: gone.password }
    topology: { shortcuts: many }
`),
    [
      '1:1 nmae: unknown key; did you mean "name"?',
      '5:12 overlays[0].xmpp.jid: expected an account like edge-a@example.org, got "edge-a"',
      '6:22 overlays[0].xmpp.password_file: there is no file /nowhere/gone.password',
      '7:7 overlays[0].xmpp.servce: unknown key; did you mean "service"?',
      '8:28 overlays[0].interface.address[0]: expected an address with prefix length like 10.10.0.1/16 or fd00::1/64, got "10.10.0.1"',
      '8:45 overlays[0].interface.mtu: expected a number of bytes from 576 to 65521, got 100',
      '9:5 overlays[1].name: missing; expected a name of 1 to 63 characters of letters, digits, ".", "_" or "-"',
      '9:48 overlays[1].xmpp.password_file: there is no file /nowhere/gone.password',
      '10:28 overlays[1].topology.shortcuts: expected auto or a whole number from 0 to 64, got "many"',
    ],
  );
});

test('a key that nobody could have meant is told with those there are', () => {
  assert.match(
    problemsOf('listen: { colour: red }\noverlays: []').join('\n'),
    /1:11 listen\.colour: unknown key; expected one of port\n2:11 overlays: expected at least one overlay, got a list/,
  );
});

test('what is not YAML is told with its line', () => {
  assert.match(problemsOf('name: edge\noverlays: [')[0] ?? '', /^2:12 : not YAML: /);
  assert.match(problemsOf('name: a\nname: b')[0] ?? '', /^2:1 : not YAML: /);
});

test('an empty file and one that is a list are told', () => {
  assert.deepEqual(problemsOf(''), ['1:1 overlays: missing; expected a list of overlays']);
  assert.deepEqual(problemsOf('- a'), ['1:1 : expected a mapping (key: value), got a list']);
});

test('a section whose lines are all commented out counts as not written', () => {
  using directory = configDirectory();
  const text = `listen:
  # port: 41000
overlays:
  - name: edge
    xmpp: { jid: a@example.org, password_file: edge.password }
    topology:
`;
  assert.deepEqual(problemsOf(text, directory.path), []);
});

test('a file that is not there is told', () => {
  assert.throws(() => loadConfig('/nowhere/evio.yaml'), {
    code: 'CONFIG_INVALID',
    message: '/nowhere/evio.yaml: there is no such file',
  });
});

/** The problems of one overlay with these keys besides its name. */
function overlayProblems(path: string, keys: string): string[] {
  const text = `overlays:\n  - name: edge\n${keys.replace(/^/gm, '    ')}\n`;
  return problemsOf(text, path);
}

test('a password file that others may read is refused, with the mend', () => {
  using directory = configDirectory();
  const file = directory.write('open.password', 'x', 0o640);
  assert.deepEqual(
    overlayProblems(directory.path, 'xmpp: { jid: a@b.example, password_file: open.password }'),
    [
      `3:46 overlays[0].xmpp.password_file: ${file} is open to others (mode 0640); mend it with: chmod 600 ${file}`,
    ],
  );
});

test('empty and wrong files are told for what they should hold', () => {
  using directory = configDirectory();
  directory.write('empty', '\n');
  directory.makeCertificate('a');
  directory.makeCertificate('b');
  const said = overlayProblems(
    directory.path,
    `secret_file: edge.password
xmpp:
  jid: a@b.example
  password_file: empty
  certificate_file: a.crt
  key_file: b.key
  ca: edge.password
ice: { ca: . }`,
  ).join('\n');
  assert.match(said, /password_file: .*empty is empty/);
  assert.match(said, /key_file: .*b\.key is not the key of the certificate/);
  assert.match(said, /xmpp\.ca: .*does not begin with a PEM certificate/);
  assert.match(said, /secret_file: .*openssl rand -base64 32/);
  assert.match(said, /ice\.ca: .* is a directory/);
});

test('something to log in with is required, and a certificate with its key', () => {
  using directory = configDirectory();
  directory.makeCertificate('a');
  assert.deepEqual(overlayProblems(directory.path, 'xmpp: { jid: a@b.example }'), [
    '3:11 overlays[0].xmpp: expected password_file, or certificate_file and key_file, to log in with',
  ]);
  assert.match(
    overlayProblems(directory.path, 'xmpp: { jid: a@b.example, certificate_file: a.crt }')[0] ?? '',
    /certificate_file: needs the private key as well; expected key_file/,
  );
});

test('two overlays cannot have one name, device or address', () => {
  using directory = configDirectory();
  const overlay = (name: string, device: string) =>
    `  - name: ${name}
    xmpp: { jid: a@b.example, password_file: edge.password }
    interface: ${device}\n`;
  const text = `overlays:\n${overlay('edge', '{ address: [10.0.0.1/24] }')}${overlay(
    'edge',
    '{ name: evio0, address: [10.0.0.1/16], bridge: evio0 }',
  )}`;
  assert.deepEqual(
    problemsOf(text, directory.path).map(each => each.replace(/^\S+ /, '')),
    [
      'overlays[1].name: the name "edge" is that of overlays[0] already',
      'overlays[1].interface.name: the device "evio0" is that of overlays[0] already',
      'overlays[1].interface.address[0]: the address "10.0.0.1" is that of overlays[0] already',
      'overlays[1].interface.bridge: expected a bridge, got "evio0", the TAP of overlays[0]',
    ],
  );
});

test('addresses and MTUs that cannot work are told', () => {
  using directory = configDirectory();
  const xmpp = 'xmpp: { jid: a@b.example, password_file: edge.password }';
  const of = (device: string) =>
    overlayProblems(directory.path, `${xmpp}\ninterface: ${device}`).join();
  assert.match(of('{ address: ["fd00::1/64"], mtu: 1000 }'), /expected at least 1280 bytes/);
  assert.match(of('{ address: [10.0.0.0/24] }'), /the address of a host/);
  assert.equal(of('{ address: [10.0.0.0/31] }'), '');
});

test('coordinates are degrees of latitude and longitude', () => {
  const told = (at: string) =>
    problemsOf(`dashboard: { map: { edge-a: ${at} } }\noverlays: []`).join('\n');
  assert.doesNotMatch(told('[52.5, 13.4]'), /dashboard/);
  for (const wrong of ['[91, 0]', '[0, -181]', '[52.5]', 'Berlin']) {
    assert.match(told(wrong), /dashboard\.map/, wrong);
  }
});

test('timers that contradict each other are told', () => {
  assert.match(
    problemsOf('timers: { rekey_seconds: 5, reject_seconds: 4 }\noverlays: []').join('\n'),
    /timers\.reject_seconds: expected more than rekey_seconds \(5\)/,
  );
});
