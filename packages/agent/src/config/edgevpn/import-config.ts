import { join } from 'node:path';
import { EvioError } from '@evio/types';
import { stringify } from 'yaml';
import { EXPECTED, JID, parseCidr, parseServerUrl } from '../formats.ts';
import type { ConfigFileInput } from '../schema.ts';
import { warnUnread } from './no-equal.ts';
import { OldConfig } from './old-config.ts';

type OverlayInput = ConfigFileInput['overlays'][number];

export interface ImportOptions {
  /** Where the password files shall be. */
  readonly directory: string;
  /** The account in a certificate file, when it can be read and holds one. */
  readonly accountOf: (certificateFile: string) => string | undefined;
}

export interface ImportedConfig {
  /** An `evio.yaml`. */
  readonly yaml: string;
  /** Files to write with mode 0600. */
  readonly secrets: readonly { readonly file: string; readonly content: string }[];
  /** What has no equal and what has to be looked at, one sentence each. */
  readonly warnings: readonly string[];
}

const LOG_LEVELS: Readonly<
  Record<string, NonNullable<NonNullable<ConfigFileInput['log']>['level']>>
> = { NONE: 'fatal', ERROR: 'error', WARNING: 'warn', INFO: 'info', DEBUG: 'debug' };

/** The old software's bridge names: three characters of prefix, then the overlay, 15 in all. */
const BRIDGE_NAME_LENGTH = 15;

/**
 * Converts an EdgeVPN.io configuration: what has an equal is taken over, each of the rest is warned
 * about. Nothing is read or written here but through `options`.
 *
 * @throws EvioError `IMPORT_INVALID` when the text is no such configuration.
 */
export function importConfig(text: string, options: ImportOptions): ImportedConfig {
  const old = new OldConfig(text);
  return new Conversion(old, options).run();
}

class Conversion {
  readonly #old: OldConfig;
  readonly #options: ImportOptions;
  readonly #warnings: string[] = [];
  readonly #secrets: { file: string; content: string }[] = [];

  constructor(old: OldConfig, options: ImportOptions) {
    this.#old = old;
    this.#options = options;
  }

  run(): ImportedConfig {
    const listed = [
      ...this.#old.texts(['CFx', 'Overlays']),
      ...this.#old.texts(['Broker', 'Overlays']),
    ];
    const names = listed.length > 0 ? listed : this.#old.keys(['Signal', 'Overlays']);
    if (names.length === 0) {
      throw new EvioError('IMPORT_INVALID', 'no overlay in CFx.Overlays or Broker.Overlays');
    }
    const name = this.#old.text(['OverlayVisualizer', 'NodeName']);
    const level = LOG_LEVELS[this.#old.text(['Logger', 'LogLevel'])?.toUpperCase() ?? ''];
    const converted: ConfigFileInput = {
      ...(name !== undefined && { name: this.#fittingName(name, 'the node') }),
      ...(level !== undefined && level !== 'info' && { log: { level } }),
      overlays: names.map((overlay, index) => this.#overlay(overlay, index)),
    };
    // Read by every overlay, so marked as read only now.
    this.#old.done(['LinkManager', 'Turn']);
    const yaml = stringify(converted, { flowCollectionPadding: true, lineWidth: 100 });
    return {
      yaml,
      secrets: this.#secrets,
      warnings: [...this.#warnings, ...warnUnread(this.#old)],
    };
  }

  #overlay(old: string, index: number): OverlayInput {
    const name = this.#fittingName(old, 'the overlay');
    const ice = this.#ice(old, name);
    const topology = this.#topology(old);
    return {
      name,
      xmpp: this.#xmpp(old, name),
      interface: this.#interface(old, index),
      ...(Object.keys(ice).length > 0 && { ice }),
      ...(Object.keys(topology).length > 0 && { topology }),
    };
  }

  #fittingName(old: string, what: string): string {
    const name = old
      .replace(/^[^A-Za-z0-9]+/, '')
      .replace(/[^A-Za-z0-9._-]/g, '-')
      .slice(0, 63);
    if (name === '') throw new EvioError('IMPORT_INVALID', `"${old}" cannot name ${what}`);
    if (name !== old) this.#warnings.push(`${what} "${old}" is named "${name}" now`);
    return name;
  }

  #xmpp(overlay: string, name: string): OverlayInput['xmpp'] {
    const at = (key: string) => ['Signal', 'Overlays', overlay, key];
    const old = this.#old;
    const host = old.text(at('HostAddress'));
    const port = old.text(at('Port')) ?? '5222';
    const byCertificate = /^x509$/i.test(old.text(at('AuthenticationMethod')) ?? '');
    const login = byCertificate ? this.#certificate(at) : this.#password(at, name);
    // EdgeVPN.io speaks TLS from the first byte for certificates and on 5223, else STARTTLS.
    const scheme = byCertificate || port === '5223' ? 'xmpps' : 'xmpp';
    if (host !== undefined) {
      this.#warnings.push(
        `overlay ${name}: the certificate of ${host} is checked now; if no public authority has signed it, name its authority in xmpp.ca`,
      );
    }
    this.#warnings.push(
      `overlay ${name}: members are the accounts of the roster group "${name}"; name another in xmpp.group if the server calls it so`,
    );
    return {
      ...login,
      ...(host !== undefined && { service: `${scheme}://${bracketed(host)}:${port}` }),
    };
  }

  #password(at: (key: string) => string[], name: string) {
    const jid = this.#account(this.#old.text(at('Username')), at('Username'));
    const file = join(this.#options.directory, `${name}.password`);
    const password = this.#old.text(at('Password'));
    if (password === undefined) {
      this.#warnings.push(
        `${at('Password').join('.')}: missing (it may be in a keyring); write it to ${file} with mode 0600`,
      );
    } else this.#secrets.push({ file, content: `${password}\n` });
    return { jid, password_file: file };
  }

  #certificate(at: (key: string) => string[]) {
    const directory = this.#old.text(at('CertDirectory')) ?? '';
    const path = (key: string, usual: string) => join(directory, this.#old.text(at(key)) ?? usual);
    const certificate_file = path('CertFile', 'cert.pem');
    const key_file = path('KeyFile', 'key.pem');
    // With a certificate the old software ignores both.
    this.#old.done(at('Password'));
    const named = this.#old.text(at('Username')) ?? this.#options.accountOf(certificate_file);
    return { jid: this.#account(named, at('Username')), certificate_file, key_file };
  }

  #account(jid: string | undefined, path: string[]): string {
    if (jid !== undefined && JID.test(jid)) return jid;
    this.#warnings.push(`${path.join('.')}: expected ${EXPECTED.jid}; write it to xmpp.jid`);
    return jid ?? 'account@example.org';
  }

  #ice(overlay: string, name: string): NonNullable<OverlayInput['ice']> {
    const old = this.#old;
    const stun = old.texts(['LinkManager', 'Stun']).map(server => `stun:${server}`);
    const turn = Array.from({ length: old.length(['LinkManager', 'Turn']) }, (_, index) => {
      const text = (key: string) => old.text(['LinkManager', 'Turn', index, key]);
      const file = join(this.#options.directory, `${name}.turn${index}.password`);
      this.#secrets.push({ file, content: `${text('Password') ?? ''}\n` });
      const url = `turn:${text('Address') ?? ''}`;
      if (!parseServerUrl(url))
        this.#warnings.push(`LinkManager.Turn[${index}].Address: expected HOST:PORT`);
      return { url, username: text('User') ?? '', password_file: file };
    });
    const ignored = [
      ...old.texts(['LinkManager', 'IgnoredNetInterfaces']),
      ...old.texts(['LinkManager', 'Overlays', overlay, 'IgnoredNetInterfaces']),
    ];
    return {
      ...(stun.length > 0 && { stun }),
      ...(turn.length > 0 && { turn }),
      ...(ignored.length > 0 && { ignore_interfaces: ignored }),
    };
  }

  #topology(overlay: string): NonNullable<OverlayInput['topology']> {
    const old = this.#old;
    const at = (key: string) => ['Topology', 'Overlays', overlay, key];
    const smallest = old.whole(at('MinSuccessors'));
    const successors = old.whole(at('MaxSuccessors')) ?? smallest;
    const shortcuts = old.whole(at('MaxLongDistEdges'));
    const flood = ['BridgeController', 'BoundedFlood'];
    const onDemand =
      old.whole(at('MaxOnDemandEdges')) ??
      old.whole([...flood, 'Overlays', overlay, 'MaxOnDemandEdges']) ??
      old.whole([...flood, 'MaxOnDemandEdges']);
    for (const key of ['StaticEdges', 'EnforcedEdges']) {
      const edges = old.texts(at(key));
      if (edges.length === 0) continue;
      this.#warnings.push(
        `${at(key).join('.')}: node ids are new in Evio; name these nodes by their accounts in topology.static: ${edges.join(', ')}`,
      );
    }
    return {
      ...(successors !== undefined && { successors: between(1, successors, 16) }),
      ...(shortcuts !== undefined && { shortcuts: between(0, shortcuts, 64) }),
      ...(onDemand !== undefined && { on_demand: between(0, onDemand, 256) }),
      ...(/^leaf$/i.test(old.text(at('Role')) ?? '') && { role: 'leaf' as const }),
      ...(old.flag(at('ManualTopology')) && { manual: true }),
    };
  }

  #interface(overlay: string, index: number): NonNullable<OverlayInput['interface']> {
    const old = this.#old;
    const base = ['BridgeController', 'Overlays', overlay, 'NetDevice'];
    const device = this.#device(base);
    const app = this.#device([...base, 'AppBridge']);
    const type = device.type.toUpperCase();
    const hasAppBridge = old.has([...base, 'AppBridge']);
    // The old switch bridge (OVS) is what the agent does itself; only a bridge for others stays.
    const prefix = hasAppBridge
      ? (app.prefix ?? 'app')
      : type === 'LXBR'
        ? (device.prefix ?? 'evi')
        : undefined;
    const bridge =
      prefix === undefined
        ? undefined
        : `${prefix.slice(0, 3)}${overlay}`
            .replace(/[^A-Za-z0-9._-]/g, '-')
            .slice(0, BRIDGE_NAME_LENGTH);
    if (bridge !== undefined && (app.type || type).toUpperCase() !== 'LXBR') {
      this.#warnings.push(
        `overlay ${overlay}: ${bridge} becomes a Linux bridge; if Open vSwitch still has one of that name, remove it first: ovs-vsctl del-br ${bridge}`,
      );
    }
    const address = app.address ?? device.address;
    if (address !== undefined && parseCidr(address) === undefined) {
      this.#warnings.push(`${base.join('.')}: expected ${EXPECTED.cidr}, got "${address}"`);
    }
    const mtu = app.mtu ?? device.mtu;
    return {
      name: `evio${index}`,
      ...(address !== undefined && { address: [address] }),
      ...(mtu !== undefined && { mtu }),
      ...(bridge !== undefined && { bridge }),
    };
  }

  #device(base: readonly string[]) {
    const old = this.#old;
    const ip = old.text([...base, 'IP4']);
    const prefixLength = old.whole([...base, 'PrefixLen']);
    old.text([...base, 'SwitchProtocol']);
    return {
      address: ip === undefined ? undefined : `${ip}/${prefixLength ?? 24}`,
      mtu: old.whole([...base, 'MTU']),
      type: old.text([...base, 'Type']) ?? '',
      prefix: old.text([...base, 'NamePrefix']),
    };
  }
}

function between(least: number, value: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
