import { CniSection } from '@evio/cni/config';
import { z } from 'zod';
import {
  EXPECTED,
  INTERFACE_NAME,
  isEndpoint,
  isOwnEndpoint,
  isStunUrl,
  isTurnUrl,
  isXmppService,
  JID,
  parseCidr,
} from './formats.ts';

/**
 * The file's shape, one description per key: `config/evio.schema.json` is generated from it and
 * `docs/configuration.md` is checked against it.
 *
 * The `error` of each leaf is the phrase that follows "expected" in a message.
 */

const text = (error: string) => z.string({ error }).min(1, { error });
const matching = (pattern: RegExp, error: string) => z.string({ error }).regex(pattern, { error });
const checked = (test: (value: string) => boolean, error: string) =>
  z.string({ error }).refine(test, { error });
const path = (description: string) => text(EXPECTED.path).meta({ description });
const whole = (least: number, most: number, unit: string) => {
  const error = `${unit} from ${least} to ${most}`;
  return z.int({ error }).min(least, { error }).max(most, { error });
};
const flag = () => z.boolean({ error: 'true or false' });
const mapping = <T extends z.core.$ZodLooseShape>(shape: T, error = 'a mapping (key: value)') =>
  z.strictObject(shape, { error });
const name = (what: string) =>
  matching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, `${what} of letters, digits, ".", "_" or "-"`);

/** What a node record has room for. */
const MOST_ADDRESSES = 16;

const seconds = (most: number) => {
  const error = `a number of seconds, more than 0, at most ${most}`;
  return z.number({ error }).positive({ error }).max(most, { error });
};

const Xmpp = mapping({
  jid: matching(JID, EXPECTED.jid).meta({
    description: 'Account with which the node joins the overlay.',
  }),
  password_file: path(
    'File with the password of the account; readable by its owner only (mode 0600).',
  ).optional(),
  certificate_file: path(
    'PEM file with the client certificate, to log in by SASL EXTERNAL; needs key_file.',
  ).optional(),
  key_file: path(
    'PEM file with the private key of certificate_file; readable by its owner only (mode 0600).',
  ).optional(),
  service: checked(isXmppService, EXPECTED.service)
    .meta({ description: 'Server to connect to; by default it is found by SRV look-up.' })
    .optional(),
  ca: path(
    'PEM file with the authorities trusted for this server; by default those of the system.',
  ).optional(),
  group: text('a roster group')
    .meta({
      description: 'Roster group whose accounts are the members; by default the overlay name.',
    })
    .optional(),
  allow_plain: flag()
    .default(false)
    .meta({ description: 'Whether SASL PLAIN may be used when the server offers no SCRAM.' }),
}).meta({ description: 'How to log in to the XMPP server.' });

const Interface = mapping({
  name: matching(INTERFACE_NAME, EXPECTED.interfaceName)
    .meta({
      description: 'Name of the TAP device; by default evio0 for the first overlay, then evio1.',
    })
    .optional(),
  address: z
    .array(
      checked(value => parseCidr(value) !== undefined, EXPECTED.cidr),
      { error: `a list of addresses, each ${EXPECTED.cidr}` },
    )
    .max(MOST_ADDRESSES, { error: `at most ${MOST_ADDRESSES} addresses` })
    .default([])
    .meta({ description: 'Addresses of this host in the overlay, IPv4 and IPv6, as CIDRs.' }),
  mtu: whole(576, 65521, 'a number of bytes')
    .default(1400)
    .meta({ description: 'Largest IP packet on the TAP, in bytes; equal on all members.' }),
  bridge: matching(INTERFACE_NAME, EXPECTED.interfaceName)
    .meta({
      description:
        'Bridge that the TAP becomes a port of; made when missing; it then holds the addresses.',
    })
    .optional(),
}).meta({ description: 'The Ethernet device that the host sees.' });

const Turn = mapping(
  {
    url: checked(isTurnUrl, EXPECTED.turn).meta({
      description: 'turn:HOST[:PORT][?transport=udp|tcp] or turns:HOST[:PORT] (TLS).',
    }),
    username: text('a user name').meta({ description: 'User name at the TURN server.' }),
    password_file: path(
      'File with the password at the TURN server; readable by its owner only (mode 0600).',
    ),
  },
  'a mapping with url, username and password_file',
);

const Ice = mapping({
  stun: z
    .array(checked(isStunUrl, EXPECTED.stun), { error: 'a list of STUN servers' })
    .default([])
    .meta({
      description: 'STUN servers; with turn empty as well, those that the XMPP server offers.',
    }),
  turn: z.array(Turn, { error: 'a list of TURN servers' }).default([]).meta({
    description: 'TURN servers; with stun empty as well, those that the XMPP server offers.',
  }),
  ignore_interfaces: z
    .array(text('an interface name or glob'), { error: 'a list of interface names or globs' })
    .default([])
    .meta({
      description:
        'Host interfaces (names or globs with * and ?) whose addresses are not offered to peers.',
    }),
  ca: path(
    'PEM file with the authorities trusted for TURN over TLS; by default those of xmpp.ca.',
  ).optional(),
}).meta({ description: 'How paths through NATs are found.' });

const Topology = mapping({
  successors: whole(1, 16, 'a whole number')
    .default(2)
    .meta({ description: 'Links to ring neighbours on each side.' }),
  shortcuts: z
    .union([z.literal('auto'), z.int().min(0).max(64)], {
      error: 'auto or a whole number from 0 to 64',
    })
    .default('auto')
    .meta({ description: 'Long-distance links; auto: by the size of the overlay.' }),
  on_demand: whole(0, 256, 'a whole number')
    .default(8)
    .meta({ description: 'Most links made because two nodes exchange much traffic.' }),
  static: z
    .array(
      checked(value => JID.test(value) || /^[0-9a-f]{32}$/.test(value), 'an account or node id'),
      { error: 'a list of accounts or node ids' },
    )
    .default([])
    .meta({ description: 'Accounts or node ids that this node always links to.' }),
  role: z
    .enum(['switch', 'leaf'], { error: 'switch or leaf' })
    .default('switch')
    .meta({ description: "Leaf: this node never carries others' traffic." }),
  manual: flag().default(false).meta({
    description:
      'Whether this node asks for no links but the static ones; it takes what others ask.',
  }),
}).meta({ description: 'Which members this node links to.' });

const Overlay = mapping(
  {
    name: name('a name of 1 to 63 characters').meta({
      description: 'Name of the overlay; equal on all its members.',
    }),
    xmpp: Xmpp,
    interface: Interface.prefault({}),
    ice: Ice.prefault({}),
    topology: Topology.prefault({}),
    secret_file: path(
      'File with 32 bytes that all members share, as base64 or hex; readable by its owner only (mode 0600).',
    ).optional(),
  },
  'a mapping with name and xmpp',
);

export const ConfigFile = mapping({
  name: name('a name of 1 to 63 characters')
    .meta({ description: 'Name of this node in tables; by default the host name.' })
    .optional(),
  state_dir: path('Directory for the identity and the pinned keys.').default('/var/lib/evio'),
  control_socket: path('Unix socket that the evio command talks to.').default(
    '/run/evio/evio.sock',
  ),
  listen: mapping({
    port: whole(0, 65535, 'a UDP port')
      .default(0)
      .meta({ description: 'UDP port for all links; 0: any free one.' }),
  })
    .prefault({})
    .meta({ description: 'Where datagrams of peers arrive.' }),
  log: mapping({
    level: z
      .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal'], {
        error: 'trace, debug, info, warn, error or fatal',
      })
      .default('info')
      .meta({ description: 'Least severity that is logged.' }),
  })
    .prefault({})
    .meta({ description: 'Logging, as JSON lines on standard output.' }),
  dashboard: mapping({
    enabled: flag()
      .default(true)
      .meta({ description: 'Whether browsers on this host can see what the agent knows.' }),
    listen: checked(isOwnEndpoint, EXPECTED.ownEndpoint)
      .default('127.0.0.1:9654')
      .meta({ description: 'Address and TCP port of the dashboard; port 0: any free one.' }),
    map: z
      .record(
        z.string().min(1),
        z.tuple([z.number().min(-90).max(90), z.number().min(-180).max(180)], {
          error: 'latitude and longitude in degrees: [52.5, 13.4]',
        }),
      )
      .optional()
      .meta({ description: 'Where nodes are, by name: `edge-a: [52.5, 13.4]`. Shown on a map.' }),
  })
    .prefault({})
    .meta({
      description: 'The dashboard, for browsers with the token that evio dashboard prints.',
    }),
  metrics: mapping({
    enabled: flag()
      .default(false)
      .meta({ description: 'Whether Prometheus can read metrics of the agent.' }),
    listen: checked(isEndpoint, EXPECTED.endpoint)
      .default('127.0.0.1:9655')
      .meta({ description: 'Address and TCP port of the metrics, at /metrics over HTTP.' }),
    peer_series: whole(0, 10_000, 'a number of peers')
      .default(200)
      .meta({ description: 'Most peers of an overlay that get series of their own.' }),
  })
    .prefault({})
    .meta({ description: 'Metrics for Prometheus.' }),
  timers: mapping({
    rekey_seconds: seconds(120)
      .default(120)
      .meta({ description: 'For tests: a session older than this gets new keys.' }),
    reject_seconds: seconds(180)
      .default(180)
      .meta({ description: 'For tests: a session older than this carries nothing any more.' }),
    keepalive_seconds: seconds(60)
      .default(4)
      .meta({ description: 'For tests: a path idle for this long sends a keepalive.' }),
  })
    .prefault({})
    .meta({ description: 'Protocol timers, for tests only.' }),
  overlays: z
    .array(Overlay, { error: 'a list of overlays' })
    .min(1, { error: 'at least one overlay' })
    .meta({ description: 'The overlays that this node joins, one agent for all.' }),
  cni: CniSection.optional(),
}).meta({ title: 'Evio agent configuration' });

/** The file with its defaults filled in. */
export type ConfigFile = z.output<typeof ConfigFile>;
/** The file as a person may write it. */
export type ConfigFileInput = z.input<typeof ConfigFile>;
