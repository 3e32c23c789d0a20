import { type Command, InvalidArgumentError } from 'commander';
import { inviteNode, listInvitations, uninviteNode } from './invitations.ts';
import { DEFAULT_DIR } from './layout.ts';
import type { HubMember } from './members.ts';

const DAY_S = 86_400;
const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: DAY_S };
const LONGEST_S = 30 * DAY_S;

/** Adds `evio hub invite`, `uninvite` and `invites`. */
export function registerInvitationCommands(hub: Command): void {
  const dir = ['--dir <dir>', "the hub's folder", DEFAULT_DIR] as const;

  hub
    .command('invite')
    .description('Make an account and print the line with which its host joins')
    .argument('<name>', 'becomes NAME@DOMAIN')
    .option(...dir)
    .option('--overlay <name...>', "overlays to join (default: the hub's first)")
    .option('--expires <time>', 'how long it is good, such as 30m, 24h or 7d', secondsOf, DAY_S)
    .option('--json', 'print a description, with the line, as JSON')
    .action(
      async (
        name: string,
        options: { dir: string; overlay?: string[]; expires: number; json?: boolean },
      ) => {
        const node = await inviteNode(options.dir, name, {
          ...(options.overlay !== undefined && { overlays: options.overlay }),
          seconds: options.expires,
          now: Date.now() / 1000,
        });
        if (options.json === true) {
          process.stdout.write(asJson(node));
          return;
        }
        process.stdout.write(`${node.line}\n`);
        process.stderr.write(
          `${memberLine(node)}\nGood once, until ${node.invitation?.expires}. ` +
            "On the node's host: evio join 'LINE'\n",
        );
      },
    );

  hub
    .command('uninvite')
    .description('Take an open invitation back')
    .argument('<name>')
    .option(...dir)
    .option('--json', 'print what was taken back as JSON')
    .action(async (name: string, options: { dir: string; json?: boolean }) => {
      const member = await uninviteNode(options.dir, name, Date.now() / 1000);
      if (options.json === true) process.stdout.write(asJson(member));
    });

  hub
    .command('invites')
    .description('List the open invitations')
    .option(...dir)
    .option('--json', 'as JSON')
    .action(async (options: { dir: string; json?: boolean }) => {
      const open = await listInvitations(options.dir, Date.now() / 1000);
      process.stdout.write(
        options.json === true
          ? asJson(open)
          : open.map(node => `${memberLine(node)}  until ${node.invitation?.expires}\n`).join(''),
      );
    });
}

/** For standard output. */
export function asJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** `edge-a@example.org  edge 10.10.0.1/16` */
export function memberLine({ jid, addresses }: HubMember): string {
  const places = Object.entries(addresses).map(([overlay, address]) => `${overlay} ${address}`);
  return `${jid}  ${places.join(', ')}`;
}

function secondsOf(text: string): number {
  const [, count = '', unit = ''] = /^(\d{1,7})([smhd])$/.exec(text) ?? [];
  const seconds = Number(count) * (UNITS[unit] ?? Number.NaN);
  if (!(seconds >= 1 && seconds <= LONGEST_S)) {
    throw new InvalidArgumentError('Expected a time from 1s to 30d, such as 30m, 24h or 7d.');
  }
  return seconds;
}
