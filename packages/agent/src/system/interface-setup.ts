import { EvioError } from '@evio/types';
import { z } from 'zod';
import { type CurrentLink, planInterface, type WantedInterface } from './interface-plan.ts';
import { type RunCommand, runCommand } from './run-command.ts';

/** The part of `ip -json -details address show` that counts here. */
const IpLinks = z.array(
  z.object({
    ifname: z.string().optional(),
    mtu: z.number().default(0),
    flags: z.array(z.string()).default([]),
    master: z.string().optional(),
    linkinfo: z.object({ info_kind: z.string().optional() }).optional(),
    addr_info: z
      .array(
        z.object({
          local: z.string().optional(),
          prefixlen: z.number(),
          scope: z.string().optional(),
        }),
      )
      .default([]),
  }),
);

/** Reads what {@link planInterface} compares with from the text of `ip -json -details address`. */
export function parseLinks(json: string): CurrentLink[] {
  return IpLinks.parse(JSON.parse(json === '' ? '[]' : json)).flatMap(link =>
    link.ifname === undefined
      ? []
      : [
          {
            name: link.ifname,
            mtu: link.mtu,
            up: link.flags.includes('UP'),
            ...(link.master !== undefined && { master: link.master }),
            isBridge: link.linkinfo?.info_kind === 'bridge',
            addresses: link.addr_info.flatMap(({ local, prefixlen, scope }) =>
              local === undefined || scope === 'link' ? [] : [`${local}/${prefixlen}`],
            ),
          },
        ],
  );
}

/**
 * Sets an overlay's device up: MTU, bridge, addresses, up; all that differs in one `ip -batch`, and
 * nothing when nothing does. `former` is the configuration that was in force before, on a reload.
 *
 * @returns the `ip` lines that were run, for the log.
 * @throws EvioError `INTERFACE_…` with the line that failed and the kernel's reason.
 */
export async function setUpInterface(
  wanted: WantedInterface,
  options: { readonly former?: WantedInterface; readonly run?: RunCommand } = {},
): Promise<readonly string[]> {
  const run = options.run ?? runCommand;
  const shown = await run('ip', ['-json', '-details', 'address', 'show']);
  if (shown.code !== 0) {
    throw new EvioError('INTERFACE_FAILED', `ip cannot list the devices: ${shown.stderr.trim()}`);
  }
  const lines = planInterface(wanted, parseLinks(shown.stdout), options.former);
  if (lines.length === 0) return [];
  const done = await run('ip', ['-batch', '-'], `${lines.join('\n')}\n`);
  if (done.code !== 0) throw batchError(lines, done.stderr);
  return lines;
}

/** `ip -batch` says "Command failed -:LINE" after the reason; without -force it stops there. */
function batchError(lines: readonly string[], stderr: string): EvioError {
  const number = Number(/Command failed -:(\d+)/.exec(stderr)?.[1] ?? 1);
  const line = lines[number - 1] ?? lines.join('; ');
  const reason = stderr
    .split('\n')
    .filter(text => text !== '' && !text.startsWith('Command failed'))
    .map(text => text.replace(/^(RTNETLINK answers|Error): /, ''))
    .join('; ');
  const mend = /not permitted/i.test(reason) ? '; the agent needs CAP_NET_ADMIN' : '';
  return new EvioError('INTERFACE_FAILED', `ip ${line}: ${reason || 'no reason given'}${mend}`);
}
