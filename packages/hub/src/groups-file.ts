import type { HubSettings } from './settings.ts';

/**
 * The file that Prosody's `mod_groups` reads: a section for each overlay, a line for each member.
 * Everybody in a section has everybody else of it in the roster, in a group of that name.
 */
export function renderGroups({ domain, overlays, nodes }: HubSettings): string {
  return overlays
    .map(({ name }) => {
      const members = Object.entries(nodes)
        .filter(([, addresses]) => addresses[name] !== undefined)
        .map(([node]) => `${node}@${domain}=${node}\n`)
        .sort();
      return `[${name}]\n${members.join('')}`;
    })
    .join('');
}
