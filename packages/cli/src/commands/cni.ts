import { join } from 'node:path';
import { findShim, Installation, type InstallationStatus } from '@evio/cni/install';
import type { Context } from '../context.ts';

export interface CniFlags {
  readonly binDir: string;
  readonly confDir: string;
  readonly conflist: string;
  readonly plugin?: string;
  readonly json?: boolean;
}

export interface CniInstallFlags extends CniFlags {
  readonly network: string;
  readonly socket: string;
  readonly stateDir: string;
  readonly cniVersion: string;
}

export interface CniUninstallFlags extends CniFlags {
  readonly keepPlugin?: boolean;
}

/** `evio cni install`: plugin first, configuration last, each by a rename. */
export function cniInstall(context: Context, options: CniInstallFlags): void {
  const installation = installationOf(options);
  const { network, socket, stateDir, cniVersion } = options;
  installation.install({
    network,
    socket,
    cniVersion,
    pendingDir: join(stateDir, 'cni', 'pending'),
  });
  report(context, options, installation.status());
}

/** `evio cni uninstall`: configuration first. */
export function cniUninstall(context: Context, options: CniUninstallFlags): void {
  const installation = installationOf(options);
  installation.uninstall({ keepPlugin: options.keepPlugin ?? false });
  const { problems: _, ...status } = installation.status();
  report(context, options, { ...status, problems: [] });
}

/** `evio cni status`: exits 1 when a runtime would not use the plugin. */
export function cniStatus(context: Context, options: CniFlags): void {
  const status = installationOf(options).status();
  report(context, options, status);
  if (status.problems.length > 0) context.fail(1);
}

function installationOf({ binDir, confDir, conflist, plugin }: CniFlags): Installation {
  return new Installation({ binDir, confDir, conflist }, plugin ?? findShim());
}

function report({ output }: Context, { json }: CniFlags, status: InstallationStatus): void {
  if (json) {
    output.json(status);
    return;
  }
  output.print(`plugin         ${status.plugin.file}  ${status.plugin.state}`);
  output.print(`configuration  ${status.conflist.file}  ${status.conflist.state}`);
  for (const problem of status.problems) output.print(output.style.bad(problem));
}
