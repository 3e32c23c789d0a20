/** The examples in config/ are correct, and what is shipped to start the agent with works. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const launcher = join(root, 'packages/cli/bin/evio');
const directory = mkdtempSync(join(tmpdir(), 'evio-examples-'));
after(() => rmSync(directory, { recursive: true, force: true }));

/** What an administrator has put into /etc/evio before. */
function fillEtc(): void {
  for (const name of ['edge', 'hosts', 'pods', 'turn']) {
    writeFileSync(join(directory, `${name}.password`), 'correct horse\n', { mode: 0o600 });
  }
  writeFileSync(join(directory, 'project.secret'), `${'00'.repeat(32)}\n`, { mode: 0o600 });
  const pem = ['-keyout', join(directory, 'project.key'), '-out', join(directory, 'project.crt')];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  execFileSync('openssl', ['req', '-x509', ...kind, ...pem, '-subj', '/CN=gateway'], {
    stdio: 'pipe',
  });
  writeFileSync(join(directory, 'ca.pem'), readFileSync(join(directory, 'project.crt')));
}

const evio = (...args: string[]) => spawnSync(launcher, args, { encoding: 'utf8' });

test('every example passes evio check', () => {
  fillEtc();
  const examples = readdirSync(join(root, 'config')).filter(name => name.endsWith('.yaml'));
  assert.ok(examples.length >= 4);
  for (const name of examples) {
    const file = join(directory, name);
    const text = readFileSync(join(root, 'config', name), 'utf8');
    writeFileSync(file, text.replaceAll('/etc/evio', directory));
    const { status, stdout, stderr } = evio('check', '--config', file);
    assert.equal(status, 0, `${name}: ${stderr}`);
    assert.match(stdout, /: fine; overlays: /);
  }
});

test('the launcher works by a link, as in /usr/bin, whatever the working directory', () => {
  mkdirSync(join(directory, 'bin'));
  const link = join(directory, 'bin/evio');
  symlinkSync(launcher, link);
  const { status, stdout } = spawnSync(link, ['--version'], { encoding: 'utf8', cwd: '/' });
  assert.equal(status, 0);
  assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
});

test('a wrong command line ends with 2 in the shell, too', () => {
  const { status, stderr } = evio('stauts');
  assert.equal(status, 2);
  assert.match(stderr, /Did you mean status\?/);
});
