import { tableName } from './names.ts';

/**
 * Rules for `ipMasq`: what this node's pods send out of the pod network gets the node's address. One
 * table of ours for each network, replaced as a whole and atomically; nobody else's rules are touched.
 *
 * `pods`: ranges of this node's pods. `network`: all of the pod network, where addresses stay.
 */
export function masqueradeRules(
  network: string,
  { pods, within }: { readonly pods: readonly string[]; readonly within: readonly string[] },
): string {
  const table = tableName(network);
  const of = (cidrs: readonly string[], family: 4 | 6) =>
    cidrs.filter(cidr => cidr.includes(':') === (family === 6)).join(', ');
  const rules = ([4, 6] as const).flatMap(family => {
    const word = family === 4 ? 'ip' : 'ip6';
    const multicast = family === 4 ? '224.0.0.0/4' : 'ff00::/8';
    if (of(pods, family) === '') return [];
    const inside = [of(within, family), multicast].filter(each => each !== '').join(', ');
    return [`    ${word} saddr { ${of(pods, family)} } ${word} daddr != { ${inside} } masquerade`];
  });
  return [
    `add table inet ${table}`,
    `delete table inet ${table}`,
    `table inet ${table} {`,
    '  chain postrouting {',
    '    type nat hook postrouting priority srcnat; policy accept;',
    ...rules,
    '  }',
    '}',
    '',
  ].join('\n');
}
