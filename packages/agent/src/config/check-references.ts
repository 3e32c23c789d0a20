import { resolve } from 'node:path';
import { PodLayout } from '@evio/cni/layout';
import { EvioError } from '@evio/types';
import type { ConfigProblem } from './config-error.ts';
import { defaultInterfaceName, parseCidr } from './formats.ts';
import {
  readCertificates,
  readPassword,
  readPrivateKey,
  readSharedSecret,
} from './referenced-files.ts';
import type { KeyPath, YamlSource } from './yaml-source.ts';

/** The keys that are looked at here; what stands behind them may be anything. */
type Key =
  | 'address'
  | 'bridge'
  | 'ca'
  | 'certificate_file'
  | 'cni'
  | 'ice'
  | 'interface'
  | 'jid'
  | 'key_file'
  | 'kubernetes'
  | 'mtu'
  | 'name'
  | 'node_bits'
  | 'node_index'
  | 'overlay'
  | 'overlays'
  | 'password_file'
  | 'pod_cidr'
  | 'reject_seconds'
  | 'rekey_seconds'
  | 'secret_file'
  | 'timers'
  | 'turn'
  | 'xmpp';
type Mapping = { readonly [key in Key]?: unknown };
type Report = (path: KeyPath, message: string) => void;

const mapping = (value: unknown): Mapping =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Mapping) : {};
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const string = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

/**
 * Checks what the shape of single values does not show: that the files named exist and are closed
 * to others, that overlays don't claim the same name, device or address, that log-in is possible.
 *
 * It looks at the raw file, so that these problems are told together with those of the shape; where
 * a value has the wrong shape it says nothing.
 */
export function checkReferences(source: YamlSource, directory: string): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const report: Report = (path, message) => problems.push(source.problem(path, message));
  const root = mapping(source.value);
  const overlays = list(root.overlays).map(mapping);
  overlays.forEach((overlay, index) => {
    const path = ['overlays', index];
    checkFiles(overlay, path, directory, report);
    checkLogin(mapping(overlay.xmpp), [...path, 'xmpp'], report);
    checkInterface(mapping(overlay.interface), [...path, 'interface'], report);
  });
  checkDistinct(overlays, report);
  if (root.cni !== undefined) checkCni(mapping(root.cni), overlays, report);
  const timers = mapping(root.timers);
  const rekey = timers.rekey_seconds ?? 120;
  const reject = timers.reject_seconds ?? 180;
  if (typeof rekey === 'number' && typeof reject === 'number' && reject <= rekey) {
    report(['timers', 'reject_seconds'], `expected more than rekey_seconds (${rekey})`);
  }
  return problems;
}

function checkFiles(overlay: Mapping, path: KeyPath, directory: string, report: Report): void {
  const check = <T>(value: unknown, at: KeyPath, read: (file: string) => T): T | undefined => {
    const file = string(value);
    if (file === undefined) return undefined;
    try {
      return read(resolve(directory, file));
    } catch (error) {
      if (!(error instanceof EvioError)) throw error;
      report([...path, ...at], error.message);
      return undefined;
    }
  };
  const xmpp = mapping(overlay.xmpp);
  const ice = mapping(overlay.ice);
  check(xmpp.password_file, ['xmpp', 'password_file'], readPassword);
  check(xmpp.ca, ['xmpp', 'ca'], readCertificates);
  const at = ['xmpp', 'certificate_file'];
  const certificate = check(xmpp.certificate_file, at, readCertificates);
  check(xmpp.key_file, ['xmpp', 'key_file'], file => readPrivateKey(file, certificate));
  check(ice.ca, ['ice', 'ca'], readCertificates);
  check(overlay.secret_file, ['secret_file'], readSharedSecret);
  list(ice.turn).forEach((turn, index) => {
    const inTurn = ['ice', 'turn', index, 'password_file'];
    check(mapping(turn).password_file, inTurn, readPassword);
  });
}

function checkLogin(xmpp: Mapping, path: KeyPath, report: Report): void {
  if (string(xmpp.jid) === undefined) return;
  const has = (key: Key) => xmpp[key] !== undefined;
  if (has('certificate_file') && !has('key_file')) {
    report([...path, 'certificate_file'], 'needs the private key as well; expected key_file');
  } else if (has('key_file') && !has('certificate_file')) {
    report([...path, 'key_file'], 'needs the certificate as well; expected certificate_file');
  } else if (!has('password_file') && !has('certificate_file')) {
    report(path, 'expected password_file, or certificate_file and key_file, to log in with');
  }
}

function checkInterface(device: Mapping, path: KeyPath, report: Report): void {
  const mtu = device.mtu;
  list(device.address).forEach((text, index) => {
    const cidr = typeof text === 'string' ? parseCidr(text) : undefined;
    // RFC 8200 §5: IPv6 does not run on links with less.
    if (cidr?.family === 6 && typeof mtu === 'number' && mtu < 1280) {
      report(
        [...path, 'mtu'],
        `expected at least 1280 bytes, as there is an IPv6 address, got ${mtu}`,
      );
    }
    if (cidr && isNetworkAddress(cidr)) {
      report(
        [...path, 'address', index],
        `expected the address of a host, got that of the whole network, "${text}"`,
      );
    }
  });
}

/** Whether all host bits of an IPv4 address are zero (RFC 1122 §3.2.1.3); /31 and /32 have none. */
function isNetworkAddress({
  address,
  prefix,
  family,
}: {
  address: string;
  prefix: number;
  family: 4 | 6;
}): boolean {
  if (family === 6 || prefix >= 31) return false;
  const bits = address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
  return bits % 2 ** (32 - prefix) === 0;
}

/** The pod network: on an overlay that is there, and divided so that pods have room. */
function checkCni(cni: Mapping, overlays: readonly Mapping[], report: Report): void {
  const name = string(cni.overlay);
  if (name !== undefined && !overlays.some(overlay => overlay.name === name)) {
    report(['cni', 'overlay'], `expected the name of an overlay, got "${name}"`);
  }
  const networks = list(cni.pod_cidr).filter(each => typeof each === 'string');
  const { node_bits: bits = 8, node_index: index } = cni;
  if (networks.length === 0 || typeof bits !== 'number') return;
  try {
    const { count } = new PodLayout(networks, bits);
    if (typeof index === 'number' && index >= count) {
      report(['cni', 'node_index'], `expected 0 to ${count - 1}, got ${index}`);
    }
  } catch (error) {
    if (!(error instanceof EvioError)) throw error;
    report(['cni', 'pod_cidr'], error.message);
  }
  if (index !== undefined && cni.kubernetes !== undefined) {
    report(['cni', 'node_index'], 'expected either node_index or kubernetes');
  }
}

/** Names, devices and addresses that two overlays of one host cannot both have. */
function checkDistinct(overlays: readonly Mapping[], report: Report): void {
  const seen = new Map<string, number>();
  const claim = (what: string, value: string | undefined, index: number, path: KeyPath) => {
    if (value === undefined) return;
    const key = `${what} ${value}`;
    const before = seen.get(key);
    if (before === undefined) seen.set(key, index);
    else if (before === index) report(path, `${what} "${value}" is here twice`);
    else report(path, `${what} "${value}" is that of overlays[${before}] already`);
  };
  overlays.forEach((overlay, index) => {
    const device = mapping(overlay.interface);
    const path = ['overlays', index];
    claim('the name', string(overlay.name), index, [...path, 'name']);
    const name = string(device.name) ?? defaultInterfaceName(index);
    claim('the device', name, index, [...path, 'interface', 'name']);
    list(device.address).forEach((text, position) => {
      const cidr = typeof text === 'string' ? parseCidr(text) : undefined;
      claim('the address', cidr?.address, index, [...path, 'interface', 'address', position]);
    });
  });
  overlays.forEach((overlay, index) => {
    const bridge = string(mapping(overlay.interface).bridge);
    const holder = bridge === undefined ? undefined : seen.get(`the device ${bridge}`);
    if (holder !== undefined) {
      report(
        ['overlays', index, 'interface', 'bridge'],
        `expected a bridge, got "${bridge}", the TAP of overlays[${holder}]`,
      );
    }
  });
}
