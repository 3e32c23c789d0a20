import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import { Hub } from './hub.ts';
import { initHub } from './init.ts';
import { asJson, memberLine, registerInvitationCommands } from './invitation-commands.ts';
import { DEFAULT_DIR } from './layout.ts';
import { addNode, type HubMember, listNodes, removeNode } from './members.ts';
import type { HubPorts, HubSettings } from './settings.ts';

interface InitOptions {
  readonly domain: string;
  readonly dir: string;
  readonly address?: string[];
  readonly listen?: string[];
  readonly overlay?: string[];
  readonly xmppPort?: number;
  readonly xmppsPort?: number;
  readonly turnPort?: number;
  readonly turnsPort?: number;
  readonly relayPorts?: [number, number];
  readonly privatePeers?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** Adds `evio hub …` to the program. Errors are thrown as EvioError for the program to print. */
export function registerHubCommands(program: Command): void {
  const hub = program.command('hub').description('Set up and run the XMPP and STUN/TURN server');
  const dir = ['--dir <dir>', "the hub's folder", DEFAULT_DIR] as const;
  const force = ['--force', 'overwrite files that were edited'] as const;

  hub
    .command('init')
    .description('Write the configuration of Prosody and coturn, certificates and secrets')
    .requiredOption('--domain <domain>', 'XMPP domain, the part of accounts after @')
    .option(...dir)
    .option('--address <ip...>', "addresses that nodes use; without: the domain's DNS records")
    .option('--listen <ip...>', 'addresses to bind, when other than --address (1:1 NAT)')
    .option(
      '--overlay <name=pool...>',
      'overlays; their IPv4 network may be left out (default: edge)',
    )
    .option('--xmpp-port <port>', 'XMPP with STARTTLS (default: 5222)', portOf)
    .option('--xmpps-port <port>', 'XMPP with direct TLS (default: 5223)', portOf)
    .option('--turn-port <port>', 'STUN and TURN (default: 3478)', portOf)
    .option('--turns-port <port>', 'TURN over TLS (default: 5349)', portOf)
    .option('--relay-ports <first-last>', 'UDP ports of relays (default: 49152-65535)', rangeOf)
    .option('--private-peers', 'let TURN relay to private networks')
    .option('--no-private-peers', "don't (default: as the hub's own address is)")
    .option(...force)
    .option('--json', 'print a description, without secrets, as JSON')
    .action(async (options: InitOptions) => {
      const ports: Partial<HubPorts> = {
        ...(options.xmppPort !== undefined && { xmpp: options.xmppPort }),
        ...(options.xmppsPort !== undefined && { xmpps: options.xmppsPort }),
        ...(options.turnPort !== undefined && { turn: options.turnPort }),
        ...(options.turnsPort !== undefined && { turns: options.turnsPort }),
        ...(options.relayPorts !== undefined && {
          relayMin: options.relayPorts[0],
          relayMax: options.relayPorts[1],
        }),
      };
      const settings = await initHub({
        dir: options.dir,
        domain: options.domain,
        ports,
        ...(options.address !== undefined && { addresses: options.address }),
        ...(options.listen !== undefined && { listen: options.listen }),
        ...(options.overlay !== undefined && { overlays: options.overlay }),
        ...(options.privatePeers !== undefined && { privatePeers: options.privatePeers }),
        ...(options.force !== undefined && { force: options.force }),
      });
      const text = options.json === true ? asJson(description(settings, options.dir)) : undefined;
      process.stdout.write(text ?? summary(settings, options.dir));
    });

  registerInvitationCommands(hub);

  hub
    .command('add-node')
    .description("Make a node's account and print its evio.yaml")
    .argument('<name>', 'becomes NAME@DOMAIN')
    .option(...dir)
    .option('--overlay <name...>', "overlays to join (default: the hub's first)")
    .option('--json', 'print a description, with the password, as JSON')
    .option(...force)
    .action(
      async (
        name: string,
        options: { dir: string; overlay?: string[]; json?: boolean; force?: boolean },
      ) => {
        const node = await addNode(options.dir, name, options.overlay, {
          force: options.force === true,
        });
        if (options.json === true) {
          process.stdout.write(asJson(node));
          return;
        }
        process.stdout.write(readFileSync(node.configFile, 'utf8'));
        process.stderr.write(`Copy ${node.dir}/ to the node as /etc/evio/\n`);
      },
    );

  hub
    .command('remove-node')
    .description("Delete a node's account and take it out of all overlays")
    .argument('<name>')
    .option(...dir)
    .option(...force)
    .option('--json', 'print what was removed as JSON')
    .action(async (name: string, options: { dir: string; force?: boolean; json?: boolean }) => {
      const removed = await removeNode(options.dir, name, { force: options.force === true });
      if (options.json === true) process.stdout.write(asJson(removed));
    });

  hub
    .command('list')
    .description('List the nodes')
    .option(...dir)
    .option('--json', 'as JSON, without passwords')
    .action((options: { dir: string; json?: boolean }) => {
      const nodes = listNodes(options.dir);
      const text = options.json === true ? listAsJson(nodes) : nodes.map(nodeLine).join('');
      process.stdout.write(text);
    });

  hub
    .command('up')
    .description('Run Prosody and coturn in the foreground')
    .option(...dir)
    .option('--no-xmpp', 'without Prosody')
    .option('--no-turn', 'without coturn')
    .option('--netns <name>', 'run the servers in this network namespace')
    .action(
      async (options: { dir: string; xmpp: boolean; turn: boolean; netns?: string }) =>
        await runUntilSignal(options),
    );
}

/** Logs go to stderr; stdout gets the one line `ready`. */
async function runUntilSignal(options: {
  dir: string;
  xmpp: boolean;
  turn: boolean;
  netns?: string;
}): Promise<void> {
  // Registered first: a signal that comes during the start must stop what was started.
  const signalled = new Promise<NodeJS.Signals>(resolve => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, resolve);
  });
  const hub = await Hub.up(options.dir, {
    xmpp: options.xmpp,
    turn: options.turn,
    ...(options.netns !== undefined && { netns: options.netns }),
    log: line => process.stderr.write(`${line}\n`),
  });
  process.stdout.write('ready\n');
  tellSystemd();
  await signalled;
  await hub.stop();
}

/** What `Type=notify` waits for (sd_notify(3)); by a command, for Node has no unix datagrams. */
function tellSystemd(): void {
  if (process.env['NOTIFY_SOCKET'] === undefined) return;
  const { status, error } = spawnSync('systemd-notify', ['--ready'], { stdio: 'ignore' });
  if (status !== 0) process.stderr.write(`systemd was not told: ${error?.message ?? status}\n`);
}

function portOf(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port < 1 || port > 65_535) {
    throw new InvalidArgumentError('Expected a port from 1 to 65535.');
  }
  return port;
}

function rangeOf(text: string): [number, number] {
  const [first = '', last = '', ...rest] = text.split('-');
  if (rest.length > 0) throw new InvalidArgumentError('Expected two ports like 49152-65535.');
  return [portOf(first), portOf(last)];
}

function summary({ domain, addresses, ports, overlays }: HubSettings, dir: string): string {
  const where = addresses.length > 0 ? addresses.join(', ') : `the address of ${domain}`;
  return [
    `Hub of ${domain} in ${dir}`,
    ...overlays.map(({ name, pool }) => `  overlay ${name}: ${pool}`),
    `Ports to open on ${where}:`,
    `  TCP ${ports.xmpp}, ${ports.xmpps} (XMPP), ${ports.turn}, ${ports.turns} (TURN)`,
    `  UDP ${ports.turn} (STUN, TURN), ${ports.relayMin}-${ports.relayMax} (relays)`,
    `Next: evio hub up --dir ${dir}; evio hub invite NAME --dir ${dir}`,
    '',
  ].join('\n');
}

function nodeLine(node: HubMember): string {
  const invited = node.invitation?.state === 'open' ? '  (invited)' : '';
  return `${memberLine(node)}${invited}\n`;
}

function listAsJson(nodes: readonly HubMember[]): string {
  return asJson(nodes.map(node => ({ ...node, password: undefined })));
}

/** What {@link summary} says, and no secret. */
function description(settings: HubSettings, dir: string): object {
  const { domain, addresses, listen, ports, privatePeers, overlays } = settings;
  const pools = overlays.map(({ name, pool }) => ({ name, pool }));
  return { dir, domain, addresses, listen, ports, privatePeers, overlays: pools };
}
