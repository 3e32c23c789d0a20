import assert from 'node:assert/strict';
import { commandsOf } from '../joining/page-commands.ts';
import type { Machine } from './machine.ts';

/**
 * Types what docs/quick-start.md says, word by word, and checks what it promises.
 *
 * @param machines those that the page names, the package in root's home.
 * @param address of alpha, where beta can reach it.
 * @returns the time from the last installation's end to the answer of beta's pings, in seconds.
 */
export async function playQuickStart(
  machines: Readonly<Record<string, Machine>>,
  address: string,
): Promise<number> {
  const invitations = new Map<string, string>();
  let installed = Number.NaN;
  let pinged = Number.NaN;
  for (const { host, lines } of commandsOf('docs/quick-start.md')) {
    const machine = machines[host];
    assert.ok(machine, host);
    for (const line of lines) {
      // What the page leaves to the reader: the own address, and the line that was printed.
      const command = line
        .replace('203.0.113.10', address)
        .replace('evio://…', invitations.get(host) ?? 'missing');
      const { stdout } = await machine.sh(command);
      if (line.startsWith('apt install')) installed = performance.now();
      const invited = /^evio hub invite (\w+)$/.exec(line)?.[1];
      if (invited !== undefined) invitations.set(invited, stdout.trim());
      if (line.startsWith('ping')) {
        pinged = performance.now();
        assert.match(stdout, / 0% packet loss/);
      }
      if (line === 'evio peers') assert.match(stdout, /alpha .*10\.10\.0\.1/);
    }
  }
  return (pinged - installed) / 1000;
}
