import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { type RunProgram, runProgram } from '../network/run-program.ts';
import { CniError } from '../protocol/cni-error.ts';
import { isObject } from '../protocol/go-json.ts';
import type { AttachmentId, CniCommand, Invocation } from '../protocol/invocation.ts';
import type { NetworkConfig } from '../protocol/network-config.ts';
import { readResult } from '../protocol/read-result.ts';
import type { CniResult } from '../protocol/result.ts';

/** Runs another plugin with our configuration (CNI 1.1.0, section 4, "Plugin Delegation"). */
export type Delegate = (
  plugin: string,
  command: CniCommand,
  config: NetworkConfig,
  of: Pick<Invocation, 'path' | 'args'> & { readonly id?: AttachmentId; readonly netns?: string },
) => Promise<CniResult | undefined>;

export function createDelegate(run: RunProgram = runProgram): Delegate {
  return async (plugin, command, config, { id, netns, path, args }) => {
    const environment = {
      PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin',
      CNI_COMMAND: command,
      CNI_CONTAINERID: id?.containerId ?? '',
      CNI_IFNAME: id?.ifName ?? '',
      CNI_NETNS: netns ?? '',
      CNI_PATH: path.join(':'),
      CNI_ARGS: [...args].map(([key, value]) => `${key}=${value}`).join(';'),
    };
    const program = find(plugin, path);
    const { code, stdout } = await run([program], { input: config.text, environment });
    const output = parse(stdout);
    if (code !== 0) throw failure(plugin, output, stdout);
    return isObject(output) && 'ips' in output ? readResult(output, plugin) : undefined;
  };
}

function find(plugin: string, path: readonly string[]): string {
  for (const directory of path) {
    const file = join(directory, plugin);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // the next directory may have it
    }
  }
  throw new CniError(
    'invalidNetworkConfig',
    `ipam.type: expected a plugin in ${path.join(':') || 'CNI_PATH'}, got "${plugin}"`,
  );
}

function parse(text: string): unknown {
  try {
    return text.trim() === '' ? undefined : JSON.parse(text);
  } catch {
    return undefined; // the plugin's exit code says whether that is bad
  }
}

/** The error of a plugin goes on to the runtime as it is. */
function failure(plugin: string, output: unknown, stdout: string): CniError {
  const error = isObject(output) ? output : {};
  const { code, msg, details } = error;
  return new CniError(
    typeof code === 'number' && code > 0 ? code : 'delegateFailure',
    `${plugin}: ${typeof msg === 'string' ? msg : 'failed'}`,
    { details: typeof details === 'string' ? details : stdout.slice(0, 500) },
  );
}
