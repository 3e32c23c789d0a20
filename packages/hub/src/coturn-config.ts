import { isIP } from 'node:net';
import { join } from 'node:path';
import { EvioError } from '@evio/types';
import type { Layout } from './layout.ts';
import type { HubSettings } from './settings.ts';

/**
 * Peers that a relay must never reach: this host itself, link-local (where clouds keep their
 * metadata service), multicast and what is reserved. IPv4-mapped and 6to4 forms would go round the
 * IPv4 rules. No range may begin at `::`: coturn 4.6 reads that as "from anywhere", and the range
 * then covers all of IPv4. (It refuses `::` itself without being told.)
 */
const DENIED_ALWAYS = [
  '0.0.0.0-0.255.255.255',
  '127.0.0.0-127.255.255.255',
  '169.254.0.0-169.254.255.255',
  '192.0.0.0-192.0.0.255',
  '224.0.0.0-255.255.255.255',
  '::1-::ffff',
  '::ffff:0:0-::ffff:ffff:ffff',
  '64:ff9b::-64:ff9b::ffff:ffff',
  '2002::-2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
  'fe80::-febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
  'ff00::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
];

/** RFC 1918, RFC 6598 and RFC 4193. */
const PRIVATE = [
  '10.0.0.0-10.255.255.255',
  '100.64.0.0-100.127.255.255',
  '172.16.0.0-172.31.255.255',
  '192.168.0.0-192.168.255.255',
  'fc00::-fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
];

/** Whether an address belongs to a private network (RFC 1918, RFC 6598, RFC 4193). */
export function isPrivate(address: string): boolean {
  if (isIP(address) === 6) return /^f[cd]/i.test(address);
  const [a = 0, b = 0] = address.split('.').map(Number);
  return (
    a === 10 ||
    (a === 100 && b >= 64 && b < 128) ||
    (a === 172 && b >= 16 && b < 32) ||
    (a === 192 && b === 168)
  );
}

/**
 * What binds where. An address that the hub is known by but doesn't own (a cloud's 1:1 NAT) is
 * told to coturn as `external-ip=PUBLIC/LOCAL`, paired by position.
 */
function bindings(
  addresses: readonly string[],
  local: readonly string[],
): [key: string, value: string][] {
  return [
    ...local.flatMap((address): [string, string][] => [
      ['listening-ip', address],
      ['relay-ip', address],
    ]),
    ...addresses.flatMap((address, index): [string, string][] => {
      const own = local[index];
      return own === undefined || own === address || isIP(own) !== isIP(address)
        ? []
        : [['external-ip', `${address}/${own}`]];
    }),
  ];
}

/**
 * The configuration of coturn 4.6, without our header.
 *
 * @throws EvioError `COTURN_VALUE` when a value can't stand on a line.
 */
export function renderCoturn(settings: HubSettings, layout: Layout): string {
  const { addresses, listen, domain, ports, privatePeers, turnSecret } = settings;
  const local = listen.length > 0 ? listen : addresses;
  const own = [...new Set([...addresses, ...listen])].filter(address => !isLoopback(address));
  const options: ([key: string, value: string | number] | [flag: string])[] = [
    ['listening-port', ports.turn],
    ['tls-listening-port', ports.turns],
    ...bindings(addresses, local),
    ['min-port', ports.relayMin],
    ['max-port', ports.relayMax],
    ['realm', domain],
    ['server-name', domain],
    ['use-auth-secret'],
    ['static-auth-secret', turnSecret],
    ['stale-nonce', 600],
    ['fingerprint'],
    ['cert', layout.coturn.certificate],
    ['pkey', layout.coturn.key],
    ['no-tlsv1'],
    ['no-tlsv1_1'],
    ['no-dtls'],
    ['no-tcp-relay'],
    ['no-cli'],
    ...natBehaviour(local),
    ['no-software-attribute'],
    ['no-multicast-peers'],
    // Two nodes that both need the relay meet at its own address.
    ...own.map((address): [string, string] => ['allowed-peer-ip', address]),
    ...[...DENIED_ALWAYS, ...(privatePeers ? [] : PRIVATE)].map((range): [string, string] => [
      'denied-peer-ip',
      range,
    ]),
    ['userdb', join(layout.coturn.state, 'turndb')],
    // It would leave the file behind.
    ['pidfile', '/dev/null'],
    ['log-file', 'stdout'],
    ['simple-log'],
  ];
  return options
    .map(([key, value]) =>
      value === undefined ? `${key}\n` : `${key}=${plainValue(key, value)}\n`,
    )
    .join('');
}

/**
 * With two addresses of a family, nodes can find out what kind of NAT they are behind (RFC 5780);
 * coturn then listens on the port above each, too.
 */
function natBehaviour(local: readonly string[]): [flag: string][] {
  const perFamily = [4, 6].map(family => local.filter(each => isIP(each) === family).length);
  return perFamily.some(count => count > 1)
    ? [['response-origin-only-with-rfc5780']]
    : [['no-rfc5780']];
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}

/** coturn knows no quoting: a value is what stands between `=` and the end of the line. */
function plainValue(key: string, value: string | number): string {
  const text = String(value);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not come in
  if (text === '' || text.trim() !== text || /[\u0000-\u001f\u007f]/.test(text)) {
    throw new EvioError('COTURN_VALUE', `coturn can't be given ${key} ${JSON.stringify(text)}`);
  }
  return text;
}
