/** The completions in the shells that they are for, and the man page in man. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { completionScript } from '../../packages/cli/src/completion/index.ts';
import { manPageOfProgram, wholeTree } from '../../packages/cli/src/whole-program.ts';

const tree = wholeTree();

function ran(program: string, args: readonly string[], input: string): string {
  const { status, stdout, stderr } = spawnSync(program, args, { input, encoding: 'utf8' });
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
_describe() { print -rl -- "\${(@P)@[-1]}"; }
compadd() { shift; print -rl -- "$@"; }
_files() { print -r -- files "$@"; }
${completionScript('zsh', tree)}
words=(${words.map(word => `'${word}'`).join(' ')}) CURRENT=${words.length}
_evio
`;
  return ran('zsh', ['-f'], script)
    .split('\n')
    .filter(Boolean)
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

test('docs/man/evio.1 is the man page of these commands (npm run man writes it)', () => {
  const page = new URL('../../docs/man/evio.1', import.meta.url);
  assert.equal(readFileSync(page, 'utf8'), manPageOfProgram());
});

test('groff has nothing to say about the man page', () => {
  const page = ran('groff', ['-man', '-Tutf8', '-ww', '-P-cbou'], manPageOfProgram());
  assert.ok(page.includes('evio ping'));
  assert.ok(page.includes('--log-level'));
});
