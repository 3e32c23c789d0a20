import { readFileSync } from 'node:fs';
import { type AgentConfig, ConfigError, loadConfig } from '@evio/agent/config';
import { ControlClient } from '@evio/agent/control-client';
import { examine } from '@evio/agent/doctor';
import { type RunCommand, withoutSecrets } from '@evio/agent/system';
import { VERSION } from '@evio/agent/version';
import { EvioError } from '@evio/types';
import { secretFileLines, secretsOf, stateDirOf, stateSecrets } from './known-secrets.ts';
import { Redactor } from './redactor.ts';

export interface CollectOptions {
  readonly configFile: string;
  readonly socket: string;
  readonly run: RunCommand;
  /** What `evio doctor` would find. */
  readonly doctor?: () => AsyncIterable<unknown>;
}

/** Where the state is when no configuration says so. */
const DEFAULT_STATE_DIR = '/var/lib/evio';

/** What the host is asked, and the file that its answer goes into. */
const COMMANDS: readonly (readonly [file: string, program: string, ...args: string[]])[] = [
  ['journal.txt', 'journalctl', '--unit=evio', '--lines=2000', '--no-pager', '--output=short-iso'],
  ['service.txt', 'systemctl', 'status', 'evio', '--no-pager', '--lines=0'],
  ['kernel.txt', 'uname', '-a'],
  ['links.txt', 'ip', '-details', '-statistics', 'link', 'show'],
  ['addresses.txt', 'ip', 'address', 'show'],
  ['routes.txt', 'ip', 'route', 'show', 'table', 'all'],
  ['rules.txt', 'ip', 'rule', 'show'],
  ['memory.txt', 'free', '--mebi'],
  [
    'sysctl.txt',
    'sysctl',
    'net.core.rmem_max',
    'net.core.wmem_max',
    'net.core.netdev_max_backlog',
    'net.ipv4.ip_forward',
    'net.ipv6.conf.all.forwarding',
    'net.ipv6.conf.all.disable_ipv6',
  ],
];

/**
 * What somebody who looks for a mistake needs to know, by file name, with every secret of the
 * configuration and of the state taken out. What cannot be found out says why in its place.
 */
export async function collect(options: CollectOptions): Promise<Map<string, string>> {
  const { configFile, run, socket } = options;
  const { config, problems } = readConfig(configFile);
  const written = textOf(configFile);
  const redactor = new Redactor([
    ...(config === undefined ? [] : secretsOf(config)),
    ...secretFileLines(configFile, written),
    ...stateSecrets(config?.stateDir ?? stateDirOf(configFile, written) ?? DEFAULT_STATE_DIR),
  ]);
  const files = new Map<string, string>();
  const put = (name: string, text: string) => files.set(name, redactor.redact(text));
  const client = new ControlClient(socket);
  const { node, v8, openssl } = process.versions;
  put('versions.json', json({ evio: VERSION, node, v8, openssl, arch: process.arch }));
  put('os-release.txt', textOf('/etc/os-release'));
  put('config.json', json(config === undefined ? { problems } : withoutSecrets(config)));
  put('status.json', json(await orWhy(() => client.status())));
  put('peers.json', json(await orWhy(() => client.peers())));
  put('topology.json', json(await orWhy(() => client.topology())));
  const doctor = options.doctor ?? (() => examine({ configFile }));
  put('doctor.json', json(await orWhy(() => all(doctor()))));
  for (const [file, program, ...args] of COMMANDS) put(file, await said(run, program, args));
  return files;
}

async function all(results: AsyncIterable<unknown>): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const each of results) found.push(each);
  return found;
}

function readConfig(file: string): {
  readonly config?: AgentConfig;
  readonly problems: readonly unknown[];
} {
  try {
    return { config: loadConfig(file), problems: [] };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { problems: error.problems };
  }
}

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

async function orWhy(ask: () => Promise<unknown>): Promise<unknown> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof EvioError)) throw error;
    return { error: { code: error.code, message: error.message } };
  }
}

async function said(run: RunCommand, program: string, args: readonly string[]): Promise<string> {
  try {
    const { stdout, stderr } = await run(program, args);
    return stdout + stderr;
  } catch (error) {
    if (!(error instanceof EvioError)) throw error;
    return `${error.message}\n`;
  }
}

/** A text of the host; empty when it is not there or not ours to read. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return '';
  }
}
