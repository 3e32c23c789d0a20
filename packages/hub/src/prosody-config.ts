import type { Layout } from './layout.ts';
import { type LuaValue, luaLiteral } from './lua.ts';
import type { HubSettings } from './settings.ts';

/**
 * How long TURN credentials are good, in seconds: long enough that a node can renew its relay
 * while the XMPP server is away for a day or two.
 */
export const TURN_TTL_S = 3 * 86_400;

/** The XEP-0215 services: for every address of the hub STUN, and TURN over UDP, TCP and TLS. */
function externalServices({ addresses, domain, ports }: HubSettings): LuaValue[] {
  const hosts = addresses.length > 0 ? addresses : [domain];
  // mod_turn_external of Prosody 0.12 gives no credentials for turns, so we list them ourselves.
  const secret = { secret: true, algorithm: 'turn', ttl: TURN_TTL_S };
  return hosts.flatMap(host => [
    { type: 'stun', transport: 'udp', host, port: ports.turn },
    { type: 'turn', transport: 'udp', host, port: ports.turn, ...secret },
    { type: 'turn', transport: 'tcp', host, port: ports.turn, ...secret },
    { type: 'turns', transport: 'tcp', host, port: ports.turns, ...secret },
  ]);
}

/** The configuration of Prosody 0.12 or later, without our header. */
export function renderProsody(settings: HubSettings, layout: Layout): string {
  const { ports, listen, domain, turnSecret } = settings;
  const options: [comment: string, values: Record<string, LuaValue>][] = [
    [
      'Only clients: no federation, no offline messages, no admin console. Accounts are made by evio ' +
        'hub; whoever has one may change its password and give it up (XEP-0077).',
      {
        modules_enabled: [
          'disco',
          'external_services',
          'groups',
          'groups_live',
          'limits',
          'ping',
          'posix',
          'roster',
          'saslauth',
          'smacks',
          'tls',
          'user_account_management',
        ],
        modules_disabled: ['offline', 's2s', 's2s_auth_certs'],
        plugin_paths: [layout.prosody.modules],
        data_path: layout.prosody.data,
        storage: 'internal',
        allow_registration: false,
        admins: [],
      },
    ],
    [
      'Direct TLS first (XEP-0368), STARTTLS too; never without TLS.',
      {
        ...(listen.length > 0 ? { interfaces: listen } : {}),
        c2s_ports: [ports.xmpp],
        c2s_direct_tls_ports: [ports.xmpps],
        c2s_require_encryption: true,
        certificates: layout.prosody.certificates,
        ssl: {
          certificate: layout.prosody.certificate,
          key: layout.prosody.key,
          protocol: 'tlsv1_2+',
        },
      },
    ],
    [
      'SCRAM-SHA-256 alone (RFC 7677): the stored hash decides which SCRAM is offered.',
      {
        authentication: 'internal_hashed',
        password_hash: 'SHA-256',
        disable_sasl_mechanisms: ['PLAIN', 'LOGIN', 'DIGEST-MD5', 'OAUTHBEARER'],
      },
    ],
    [
      'A stanza of Evio has at most a few KiB; a client that is silent for two minutes is asked.',
      {
        c2s_stanza_size_limit: 65_536,
        c2s_unauthed_stanza_size_limit: 10_000,
        c2s_timeout: 20,
        limits: { c2s: { rate: '256kb/s', burst: '10s' } },
        // Without Nagle's algorithm: it holds small answers back for up to 40 ms.
        network_settings: { read_timeout: 120, nagle: false },
      },
    ],
    [
      'Resumption (XEP-0198): long enough for a change of networks.',
      { smacks_hibernation_time: 120, smacks_max_old_sessions: 2, smacks_max_queue_size: 500 },
    ],
    ['The members of each overlay.', { groups_file: layout.prosody.groups }],
    [
      'Where STUN and TURN are (XEP-0215).',
      { external_service_secret: turnSecret, external_services: externalServices(settings) },
    ],
  ];
  const body = options.map(
    ([comment, values]) =>
      `-- ${comment}\n${Object.entries(values)
        .map(([key, value]) => `${key} = ${luaLiteral(value)}\n`)
        .join('')}`,
  );
  const log = 'log = { { levels = { min = "info" }, to = "console" } }\n';
  return `${body.join('\n')}\n${log}\nVirtualHost ${luaLiteral(domain)}\n`;
}
