import { VERSION } from '@evio/agent/version';
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import {
  type AgentOptions,
  type WatchOptions,
  withAgentOptions,
} from './commands/agent-options.ts';
import type { BugreportFlags } from './commands/bugreport.ts';
import type { CniFlags, CniInstallFlags, CniUninstallFlags } from './commands/cni.ts';
import type { JoinFlags } from './commands/join.ts';
import type { LeaveFlags } from './commands/leave.ts';
import type { PingFlags } from './commands/ping.ts';
import { NAMED, type Named } from './completion/named.ts';
import { SHELLS, type Shell } from './completion/shell.ts';
import { type Context, DEFAULT_CONFIG_FILE } from './context.ts';

/** Adds `evio hub …`; it is loaded only when it is asked for. */
export type RegisterHub = (program: Command) => void;

/** Where the agent listens when its configuration does not say otherwise. */
const DEFAULT_SOCKET = '/run/evio/evio.sock';

/**
 * The whole command line. A command's own code, and what it needs of the agent, is loaded when that
 * command runs: `evio status` needs neither the addon nor the XMPP client.
 */
export function buildProgram(context: Context, registerHub?: RegisterHub): Command {
  const program = new Command('evio')
    .description('A peer-to-peer layer-2 overlay for edge and cloud hosts, signaled over XMPP')
    .version(VERSION)
    .showHelpAfterError('(evio --help lists the commands)')
    // Inherited by every command that is added below: errors are thrown, main.ts ends the process.
    .exitOverride()
    .configureOutput({
      writeOut: text => context.output.print(text.trimEnd()),
      writeErr: text => context.output.warn(text.trimEnd()),
    });
  const { EVIO_SOCKET: socket = DEFAULT_SOCKET } = context.environment;
  const asking = (name: string) => withAgentOptions(program.command(name), socket);
  const overlay = () => new Option('--overlay <name>', 'look in this overlay only');
  const config = () =>
    new Option('--config <file>', 'the configuration').default(DEFAULT_CONFIG_FILE);
  const watched = () =>
    new Option('--watch [seconds]', 'show it again, until Ctrl-C')
      .preset('2')
      .argParser(numberIn(0.2, 3600));
  const node = () =>
    new Argument('<node>', 'an id or its beginning, an account, a name or an overlay address');

  program
    .command('up')
    .description('Run the agent in the foreground')
    .addOption(config())
    .addOption(
      new Option('--log-level <level>', "instead of the configuration's log.level").choices([
        'trace',
        'debug',
        'info',
        'warn',
        'error',
        'fatal',
      ]),
    )
    .action(async options => (await import('./commands/up.ts')).up(context, options));
  program
    .command('join')
    .description('Make this host a member of an overlay')
    .argument('<invitation>', 'the line that evio hub invite printed')
    .addOption(config())
    .option('--force', 'replace an overlay or files of the same name')
    .option('--no-service', 'leave starting the agent to somebody else')
    .option(
      '--wait <seconds>',
      'how long to wait for the hub and for a peer',
      numberIn(1, 3600),
      60,
    )
    .option('--json', 'print JSON')
    .action(async (invitation: string, options: JoinFlags) =>
      (await import('./commands/join.ts')).join(context, invitation, options),
    );
  program
    .command('leave')
    .description('Take this host out of an overlay')
    .argument('[overlay]', 'which, where there are several')
    .addOption(config())
    .option('--keep-account', 'do not give the account up')
    .option('--no-service', 'leave stopping the agent to somebody else')
    .option('--json', 'print JSON')
    .action(async (overlay: string | undefined, options: LeaveFlags) =>
      (await import('./commands/leave.ts')).leave(context, overlay, options),
    );
  asking('status')
    .description('Show this node, its overlays and their peers')
    .addOption(watched())
    .action(async (options: WatchOptions) =>
      (await import('./commands/status.ts')).status(context, options),
    );
  asking('peers')
    .description('List the other members')
    .addOption(overlay())
    .addOption(watched())
    .action(async options => (await import('./commands/peers.ts')).peers(context, options));
  asking('topology')
    .description('Show the ring and its links')
    .addOption(overlay())
    .action(async options => (await import('./commands/topology.ts')).topology(context, options));
  asking('dashboard')
    .description('Print the URL of the dashboard, with its token')
    .action(async (options: AgentOptions) =>
      (await import('./commands/dashboard.ts')).dashboard(context, options),
    );
  asking('ping')
    .description('Send encrypted echo requests to a peer')
    .addArgument(node())
    .addOption(overlay())
    .option('-c, --count <n>', 'how many', numberIn(1, 1_000_000), 5)
    .option('-i, --interval <seconds>', 'between two of them', numberIn(0.01, 3600), 1)
    .option('-w, --timeout <seconds>', 'how long to wait for a reply', numberIn(0.01, 60), 2)
    .option('-s, --size <bytes>', 'UDP payload of each; 0: the smallest', numberIn(0, 65_507), 0)
    .action(async (name: string, options: PingFlags) =>
      (await import('./commands/ping.ts')).ping(context, name, options),
    );
  asking('trace')
    .description('Show the way to a peer, hop by hop')
    .addArgument(node())
    .addOption(overlay())
    .action(async (name, options) =>
      (await import('./commands/trace.ts')).trace(context, name, options),
    );
  program
    .command('check')
    .description('Say what is wrong with a configuration')
    .addOption(config())
    .option('--json', 'print JSON')
    .action(async options => (await import('./commands/check.ts')).check(context, options));
  program
    .command('doctor')
    .description('Examine the host and the way to the servers')
    .addOption(config())
    .option('--json', 'print JSON')
    .action(async options => (await import('./commands/doctor.ts')).doctor(context, options));
  asking('bugreport')
    .description('Collect what helps to find a mistake, without secrets, in one archive')
    .addOption(config())
    .option('--output <file>', 'the archive (default: evio-bugreport-HOST-TIME.tar.gz here)')
    .action(async (options: BugreportFlags) =>
      (await import('./commands/bugreport.ts')).bugreport(context, options),
    );
  asking('reload')
    .description('Let the agent read its configuration again, as SIGHUP does')
    .action(async (options: AgentOptions) =>
      (await import('./commands/reload.ts')).reload(context, options),
    );
  asking('forget')
    .description('Unpin the key of an account, so that its next one is taken')
    .argument('<account>', 'such as edge-a@example.org')
    .addOption(overlay())
    .action(async (account, options) =>
      (await import('./commands/forget.ts')).forget(context, account, options),
    );
  program
    .command('config')
    .description('Convert configurations')
    .command('import')
    .description('Print the evio.yaml for an EdgeVPN.io config.json')
    .argument('<old>', 'the config.json')
    .option('--secrets <dir>', 'where to write password files (default: beside the old file)')
    .option('--json', 'print JSON')
    .action(async (old, options) =>
      (await import('./commands/config-import.ts')).configImport(context, old, options),
    );
  program
    .command('completion')
    .description('Print a script that completes this command line in a shell')
    .addArgument(new Argument('<shell>', 'which').choices(SHELLS))
    .action(async (shell: Shell) =>
      (await import('./commands/completion.ts')).completion(context, shell, program),
    );
  // For the scripts that `evio completion` prints.
  program
    .command('names', { hidden: true })
    .description('List what the agent knows, for completions')
    .addArgument(new Argument('<kind>', 'of what').choices(NAMED))
    .option('--socket <file>', "the agent's control socket", socket)
    .action(async (kind: Named, options) =>
      (await import('./commands/names.ts')).names(context, kind, options),
    );
  addCniCommands(program, context);
  if (registerHub) registerHub(program);
  else program.command('hub').description('Set up and run the XMPP and STUN/TURN server');
  return program;
}

function addCniCommands(program: Command, context: Context): void {
  const cni = program.command('cni').description('Install the CNI plugin for container runtimes');
  const command = (name: string, description: string) =>
    cni
      .command(name)
      .description(description)
      .option('--bin-dir <dir>', 'where runtimes look for plugins', '/opt/cni/bin')
      .option('--conf-dir <dir>', 'where runtimes look for configurations', '/etc/cni/net.d')
      .option('--conflist <name>', 'name of the configuration', '10-evio.conflist')
      .option('--plugin <file>', 'the plugin (default: the one that came with this command)')
      .option('--json', 'print JSON');
  command('install', 'Put plugin and configuration in place, the configuration last')
    .option('--network <name>', 'name of the network', 'evio')
    .option('--socket <path>', "the agent's socket for the plugin", '/run/evio/cni.sock')
    .option('--state-dir <dir>', "the agent's state_dir", '/var/lib/evio')
    .option('--cni-version <version>', 'of the configuration', '1.0.0')
    .action(async (options: CniInstallFlags) =>
      (await import('./commands/cni.ts')).cniInstall(context, options),
    );
  command('uninstall', 'Take the configuration away, then the plugin')
    .option('--keep-plugin', 'leave the plugin: pods that still run are removed with it')
    .action(async (options: CniUninstallFlags) =>
      (await import('./commands/cni.ts')).cniUninstall(context, options),
    );
  command('status', 'Say what is installed and what is wrong with it').action(
    async (options: CniFlags) => (await import('./commands/cni.ts')).cniStatus(context, options),
  );
}

function numberIn(least: number, most: number): (text: string) => number {
  return text => {
    const value = Number(text);
    if (text.trim() !== '' && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Expected a number from ${least} to ${most}.`);
  };
}
