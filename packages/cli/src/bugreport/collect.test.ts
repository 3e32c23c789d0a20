import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { RunCommand } from '@evio/agent/system';
import { Identity } from '@evio/session';
import { configDirectory } from '../../../agent/src/config/fixture.ts';
import { collect } from './collect.ts';

const PASSWORD = 'correct horse battery';
const TURN_PASSWORD = 'turn-password-9';
const SHARED = Buffer.alloc(32, 7);
const SEED = Buffer.alloc(32, 8);
const STATIC = Buffer.alloc(32, 9);
const TOKEN = 'token-of-a-service';

/** A host whose every command prints all that it must not. */
const leaky: RunCommand = async (program, args) => ({
  code: 0,
  stdout: [
    `${program} ${args.join(' ')}`,
    PASSWORD,
    TURN_PASSWORD,
    TOKEN,
    ...[SHARED, SEED, STATIC].flatMap(secret => [
      secret.toString('hex'),
      secret.toString('base64'),
      secret.toString('base64url'),
    ]),
    Buffer.from(PASSWORD).toString('base64'),
    'harmless',
  ].join('\n'),
  stderr: '',
});

async function* nothing() {}

function host(directory: ReturnType<typeof configDirectory>, extra = ''): string {
  const { path, write } = directory;
  const secrets = ['edge.password', 'turn.password', 'edge.secret'].map(name => join(path, name));
  write('edge.password', `${PASSWORD}\n`);
  write('turn.password', `${TURN_PASSWORD}\n`);
  write('edge.secret', `${SHARED.toString('base64')}\n`);
  directory.makeCertificate('edge');
  const state = join(path, 'state');
  mkdirSync(state);
  let keys = [SEED, STATIC];
  Identity.loadOrCreate(join(state, 'identity.json'), () => {
    const [key = SEED, ...rest] = keys;
    keys = rest;
    return new Uint8Array(key);
  });
  writeFileSync(join(state, 'service.token'), `${TOKEN}\n`);
  return write(
    'evio.yaml',
    `state_dir: state
overlays:
  - name: edge
    xmpp: { jid: edge-a@example.org, password_file: ${secrets[0]}, certificate_file: edge.crt, key_file: edge.key }
    ice: { turn: [{ url: "turn:192.0.2.1", username: u, password_file: ${secrets[1]} }] }
    secret_file: ${secrets[2]}
${extra}`,
  );
}

const LEAKS = [
  PASSWORD,
  TURN_PASSWORD,
  TOKEN,
  'PRIVATE KEY',
  ...[SHARED, SEED, STATIC].flatMap(secret => [
    secret.toString('hex'),
    secret.toString('base64'),
    secret.toString('base64url'),
  ]),
  Buffer.from(PASSWORD).toString('base64'),
];

for (const [what, extra] of [
  ['a configuration', ''],
  ['a configuration that is wrong', 'wings: true\n'],
] as const) {
  test(`no secret of ${what} or of the state leaves, whatever the host says`, async () => {
    using directory = configDirectory();
    const configFile = host(directory, extra);
    const socket = join(directory.path, 'none.sock');
    const files = await collect({ configFile, socket, run: leaky, doctor: nothing });
    for (const [name, text] of files) {
      for (const leak of LEAKS) assert.ok(!text.includes(leak), `${name} has ${leak}`);
    }
    assert.match(files.get('journal.txt') ?? '', /journalctl --unit=evio[\s\S]*harmless/);
    assert.match(files.get('status.json') ?? '', /AGENT_DOWN/);
  });
}

test('the configuration is told without its secrets, and what is wrong with one', async () => {
  using directory = configDirectory();
  const socket = join(directory.path, 'none.sock');
  const told = async (configFile: string) =>
    (await collect({ configFile, socket, run: leaky, doctor: nothing })).get('config.json') ?? '';
  assert.match(await told(host(directory)), /"jid": "edge-a@example.org"/);
  assert.match(await told(directory.write('wrong.yaml', 'wings: true\n')), /unknown key/);
});
