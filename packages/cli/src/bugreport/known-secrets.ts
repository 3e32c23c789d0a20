import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { AgentConfig } from '@evio/agent/config';

/** Keys of a configuration that name files with secrets. */
const SECRET_FILES = /\b(?:password|key|secret)_file["']?\s*:\s*["']?([^\s,"'}]+)/g;

/** Every secret of a configuration that could be read. */
export function secretsOf({ overlays }: AgentConfig): (string | Uint8Array)[] {
  return overlays.flatMap(({ xmpp, ice, secret }) => [
    ...(xmpp.password === undefined ? [] : [xmpp.password]),
    ...(xmpp.certificate === undefined ? [] : [xmpp.certificate.key]),
    ...ice.servers.flatMap(({ credential }) => (credential === undefined ? [] : [credential])),
    ...(secret === undefined ? [] : [secret]),
  ]);
}

/**
 * The lines of all files that a configuration calls secret, also of one that is wrong, and the bytes
 * that they may stand for.
 */
export function secretFileLines(file: string, text: string): (string | Uint8Array)[] {
  return [...text.matchAll(SECRET_FILES)].flatMap(([, path = '']) =>
    linesOf(resolve(dirname(file), path)).flatMap(line => [
      line,
      ...(['base64', 'hex'] as const).map(notation => Buffer.from(line.trim(), notation)),
    ]),
  );
}

/** The state directory that a configuration names, also one that is wrong. */
export function stateDirOf(file: string, text: string): string | undefined {
  const path = /^\s*["']?state_dir["']?\s*:\s*["']?([^\s,"'}]+)/m.exec(text)?.[1];
  return path === undefined ? undefined : resolve(dirname(file), path);
}

/** Keys and file names in the state directory whose values nobody else may have. */
const SECRET_NAME = /seed|secret|token|password|private/i;

/** What the state directory keeps for itself: the keys in `identity.json`, tokens in files. */
export function stateSecrets(stateDir: string): (string | Uint8Array)[] {
  const identity = readIfThere(join(stateDir, 'identity.json'));
  return [
    ...[...(identity ?? '').matchAll(/"(\w+)"\s*:\s*"([^"]+)"/g)].flatMap(
      ([, key = '', value = '']) =>
        SECRET_NAME.test(key) ? [value, Buffer.from(value, 'base64')] : [],
    ),
    ...filesIn(stateDir)
      .filter(name => SECRET_NAME.test(name))
      .flatMap(name => linesOf(join(stateDir, name))),
  ];
}

function filesIn(directory: string): string[] {
  return unlessForbidden(() => readdirSync(directory)) ?? [];
}

function linesOf(file: string): string[] {
  return (readIfThere(file) ?? '').split('\n').filter(line => line.trim() !== '');
}

function readIfThere(file: string): string | undefined {
  return unlessForbidden(() => readFileSync(file, 'utf8'));
}

/** What is missing, or not ours to read, cannot leave with the report either. */
function unlessForbidden<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (['ENOENT', 'ENOTDIR', 'EACCES', 'EISDIR'].includes(code)) return undefined;
    throw error;
  }
}
