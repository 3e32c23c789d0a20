/** The completions in the shells that they are for, and the man pages in man. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { completionScript } from '../../packages/cli/src/completion/index.ts';
import { manPagesOfProgram, wholeTree } from '../../packages/cli/src/whole-program.ts';

const tree = wholeTree();

/** An `evio` that answers for an agent which knows two peers. */
const bin = mkdtempSync(join(tmpdir(), 'evio-completion-'));
after(() => rmSync(bin, { recursive: true }));
const answers = `[ "$1 $2" = "names node" ] && printf 'edge-b\\t10.10.0.2/16\\npi\\t10.10.0.3/16\\n'`;
writeFileSync(join(bin, 'evio'), `#!/bin/sh\n${answers}\n`, { mode: 0o755 });

function ran(program: string, args: readonly string[], input: string): string {
  const env = { ...process.env, PATH: `${bin}:${process.env['PATH']}` };
  const { status, stdout, stderr } = spawnSync(program, args, { input, env, encoding: 'utf8' });
  assert.equal(status, 0, `${program}: ${stderr}`);
  assert.equal(stderr, '');
  return stdout;
}

/** What bash would offer after these words, the last of which is being typed. */
function inBash(...words: string[]): string[] {
  const script = `${completionScript('bash', tree)}
compopt() { :; }
COMP_WORDS=(${words.map(word => `'${word}'`).join(' ')}) COMP_CWORD=${words.length - 1}
_evio
printf '%s\\n' "\${COMPREPLY[@]}"
`;
  return ran('bash', ['--norc'], script).split('\n').filter(Boolean);
}

/** zsh's own functions print what they are given. */
function inZsh(...words: string[]): string[] {
  const script = `compdef() { :; }
_describe() { local -a each=("\${(@P)@[-1]}"); (( $#each )) && print -rl -- "\${each[@]}"; }
compadd() { shift; print -rl -- "$@"; }
_files() { print -r -- files "$@"; }
${completionScript('zsh', tree)}
words=(${words.map(word => `'${word}'`).join(' ')}) CURRENT=${words.length}
_evio
`;
  return ran('zsh', ['-f'], script)
    .split('\n')
    .slice(0, -1)
    .map(line => line.split(/(?<!\\):/)[0] ?? '');
}

function inFish(line: string): string[] {
  const script = `${completionScript('fish', tree)}\ncomplete -C '${line}'\n`;
  return ran('fish', ['--no-config', '-c', script], '')
    .split('\n')
    .filter(Boolean)
    .map(each => each.split('\t')[0] ?? '');
}

test('bash completes commands, options and their values', () => {
  assert.deepEqual(inBash('evio', 'stat'), ['status']);
  assert.ok(inBash('evio', '').includes('hub'));
  assert.deepEqual(inBash('evio', 'hub', 'in').includes('init'), true);
  assert.ok(inBash('evio', 'status', '--').includes('--json'));
  assert.deepEqual(inBash('evio', 'up', '--log-level', 'de'), ['debug']);
  assert.deepEqual(inBash('evio', 'completion', ''), ['bash', 'zsh', 'fish']);
  assert.deepEqual(inBash('evio', 'up', '--config', '/etc/passw').includes('/etc/passwd'), true);
});

test('zsh completes commands, options and their values', () => {
  assert.ok(inZsh('evio', '').includes('status'));
  assert.ok(inZsh('evio', 'hub', '').includes('init'));
  assert.ok(inZsh('evio', 'status', '').includes('--json'));
  assert.ok(inZsh('evio', 'up', '--log-level', '').includes('debug'));
  assert.deepEqual(inZsh('evio', 'up', '--config', ''), ['files']);
});

test('fish completes commands, options and their values', () => {
  assert.deepEqual(inFish('evio stat'), ['status']);
  assert.ok(inFish('evio hub ').includes('init'));
  assert.ok(inFish('evio status --').includes('--json'));
  assert.deepEqual(inFish('evio up --log-level de'), ['debug']);
  assert.ok(inFish('evio up --config /etc/passw').includes('/etc/passwd'));
});

test('each shell asks the agent for the nodes that it knows', () => {
  assert.deepEqual(inBash('evio', 'ping', ''), ['edge-b', 'pi']);
  assert.deepEqual(inBash('evio', 'trace', 'ed'), ['edge-b']);
  assert.deepEqual(inZsh('evio', 'ping', '').slice(0, 2), ['edge-b', 'pi']);
  assert.deepEqual(inFish('evio trace p'), ['pi']);
  assert.ok(
    inZsh('evio', 'forget', '').every(word => word.startsWith('--')),
    'nor of accounts',
  );
  assert.deepEqual(inBash('evio', 'forget', ''), [], 'there is none to tell of accounts');
});

test('docs/man has the man pages of these commands (npm run man writes them)', () => {
  const directory = new URL('../../docs/man/', import.meta.url);
  const written = readdirSync(directory).map((name): [string, string] => [
    name,
    readFileSync(new URL(name, directory), 'utf8'),
  ]);
  assert.deepEqual(new Map(written.sort()), new Map([...manPagesOfProgram()].sort()));
});

test('groff has nothing to say about the man pages', () => {
  const shown = new Map(
    [...manPagesOfProgram()].map(([name, text]) => [
      name,
      ran('groff', ['-man', '-Tutf8', '-ww', '-P-cbou'], text),
    ]),
  );
  assert.match(shown.get('evio.1') ?? '', /evio-ping\(1\)/);
  assert.match(shown.get('evio-up.1') ?? '', /evio-up - Run the agent[\s\S]*--log-level/);
  assert.match(shown.get('evio-hub.1') ?? '', /evio hub remove-node <?name>? \[options\]/);
});
