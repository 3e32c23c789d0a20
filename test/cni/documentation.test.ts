/**
 * The commands of docs/kubernetes.md, run from it, in the order in which they stand there; in a mount
 * namespace with directories of its own for what they write. kubeadm, k3s, kubectl and systemctl are stand-ins
 * that do nothing, since the machine has none.
 */
import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { run } from '../lab/command.ts';
import { ROOT } from '../lab/paths.ts';

let directory: string;
let page: string;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'evio-page-'));
  page = await readFile(join(ROOT, 'docs', 'kubernetes.md'), 'utf8');
  for (const name of ['systemctl', 'kubeadm', 'k3s', 'kubectl']) {
    const file = join(directory, name);
    // What kubectl would put into a Secret has to be there.
    await writeFile(
      file,
      `#!/bin/sh
echo "${name} $*" >>'${directory}/calls'
for word in "$@"; do case $word in --from-file=*) test -s "\${word##*=}" ;; esac || exit 1; done
`,
    );
    await chmod(file, 0o755);
  }
});

after(() => rm(directory, { recursive: true, force: true }));

const FENCED = /^( *)```(\w+)\n(.*?)^\1```$/gms;

/** Fenced blocks of a language, without their indentation. */
function blocks(language: string): string[] {
  return [...page.matchAll(FENCED)].flatMap(([, indent = '', name, text = '']) =>
    name === language ? [text.replaceAll(new RegExp(`^${indent}`, 'gm'), '')] : [],
  );
}

/** Commands in the text that begin with these words. */
function inline(words: string): string[] {
  return [...page.replaceAll(FENCED, '').matchAll(/`([^`]+)`/g)]
    .map(([, text = '']) => text.replaceAll(/\s+/g, ' '))
    .filter(text => text === words || text.startsWith(`${words} `));
}

/** With a directory of its own in place of each of these; /etc with what it had. */
const APART = `
for place in /var/lib /opt; do mount -t tmpfs tmpfs $place; done
mkdir "$1/etc" && cp -a /etc/. "$1/etc/" && mount --bind "$1/etc" /etc
mkdir -p /etc/evio /var/lib/evio
`;

test('the commands of docs/kubernetes.md do what it says', async () => {
  const [accounts = '', ...others] = blocks('sh');
  const [section = ''] = blocks('yaml');
  const secret = others.filter(text => text.includes('kubectl'));
  const script = [
    'set -eu',
    APART,
    accounts.replace(/^evio hub up$/m, ''), // in the foreground, for ever
    // "Copy the folder that it makes to /etc/evio of the node", and the section behind its evio.yaml.
    'cp /var/lib/evio-hub/nodes/node-a/* /etc/evio/',
    `cat >>/etc/evio/evio.yaml <<'END'\n${section}END`,
    'evio check --config /etc/evio/evio.yaml',
    ...others.filter(text => !secret.includes(text)),
    'test -s /etc/systemd/system/evio.service.d/cni.conf',
    ...inline('evio cni install'),
    ...inline('evio cni status'),
    ...secret,
    'ls /opt/cni/bin /etc/cni/net.d /var/lib/rancher/k3s/data/cni',
    ...inline('evio hub list'),
    'evio hub remove-node node-a',
  ].join('\n');
  const file = join(directory, 'page.sh');
  await writeFile(file, script);
  const { stdout } = await run(['unshare', '--mount', 'sh', file, directory], {
    env: { PATH: `${directory}:${join(ROOT, 'packages', 'cli', 'bin')}:${process.env['PATH']}` },
    cwd: ROOT,
    timeoutMs: 60_000,
  });
  assert.match(stdout, /10-evio\.conflist/);
  assert.match(stdout, /node-a/);
  const calls = await readFile(join(directory, 'calls'), 'utf8');
  for (const call of ['kubeadm init', 'k3s server', 'create secret generic', 'apply --kustomize']) {
    assert.ok(calls.includes(call), call);
  }
});

test('files that docs/kubernetes.md names are there', async () => {
  for (const [, name = ''] of page.matchAll(/`((?:config|systemd|test)\/[\w./-]+)`/g)) {
    await run(['test', '-e', join(ROOT, name)]);
  }
});
