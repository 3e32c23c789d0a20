import { type Mac, parseMac } from '@evio/types';
import { type IpRange, parseAddress, parseCidr } from '../address/ip.ts';
import { CniError } from './cni-error.ts';
import { Fields, wrong } from './fields.ts';
import { isObject } from './go-json.ts';
import type { AttachmentId } from './invocation.ts';
import { readResult } from './read-result.ts';
import type { CniResult, Dns } from './result.ts';
import { type CniVersion, isSupportedVersion, SUPPORTED_VERSIONS } from './version.ts';

/** A rate in bits per second with what may go at once, in bits (convention of the `bandwidth` plugin). */
export interface RateLimit {
  readonly rate: number;
  readonly burst: number;
}

/** What a runtime decides for one container (CNI conventions, "dynamic plugin specific fields"). */
export interface RuntimeConfig {
  /** Wanted addresses, without prefix length. */
  readonly ips: readonly string[];
  readonly mac?: Mac;
  /** To the pod. */
  readonly ingress?: RateLimit;
  /** From the pod. */
  readonly egress?: RateLimit;
  /** Within each set, addresses come from any of its ranges. */
  readonly ipRanges: readonly (readonly IpRange[])[];
}

/** The network configuration that a runtime hands to the plugin (CNI 1.1.0, section 1). */
export interface NetworkConfig {
  readonly cniVersion: CniVersion;
  /** Of the network. */
  readonly name: string;
  readonly isGateway: boolean;
  /** Implies `isGateway`. */
  readonly isDefaultGateway: boolean;
  readonly ipMasq: boolean;
  readonly hairpinMode: boolean;
  /** Bytes; the overlay's when absent. */
  readonly mtu?: number;
  /** Plugin that hands out addresses instead of the agent. */
  readonly ipam?: string;
  readonly dns: Dns;
  readonly runtime: RuntimeConfig;
  readonly prevResult?: CniResult;
  /** The attachments that GC is to leave; undefined in other commands. */
  readonly validAttachments?: readonly AttachmentId[];
  /** The text as it came, for a delegated plugin. */
  readonly text: string;
}

/** CNI 1.1.0, section 1: names of networks. */
const NETWORK_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;

/** Least that IPv4 runs on (RFC 791); the kernel's most on veth. */
const MTU = { least: 576, most: 65521 } as const;

/**
 * Reads a network configuration.
 *
 * @throws CniError code 6 for what is no JSON, 1 for a version that is not supported, 7 naming the key
 *   for a wrong value.
 */
export function parseNetworkConfig(text: string): NetworkConfig {
  const fields = new Fields(parseJson(text));
  const cniVersion = fields.string('cniVersion') ?? '0.3.0';
  if (!isSupportedVersion(cniVersion)) {
    throw new CniError(
      'incompatibleVersion',
      `cniVersion: expected one of ${SUPPORTED_VERSIONS.join(', ')}, got "${cniVersion}"`,
    );
  }
  const name = fields.string('name') ?? '';
  if (!NETWORK_NAME.test(name)) throw fields.wrong('name', 'the name of the network');
  const mtu = fields.whole('mtu', 0, MTU.most);
  if (mtu !== undefined && mtu !== 0 && mtu < MTU.least) {
    throw fields.wrong('mtu', `0 (the overlay's) or ${MTU.least} to ${MTU.most}`);
  }
  const ipam = ipamOf(fields);
  const isDefaultGateway = fields.flag('isDefaultGateway');
  const prevResult = fields.raw('prevResult');
  return {
    cniVersion,
    name,
    isDefaultGateway,
    isGateway: fields.flag('isGateway') || isDefaultGateway,
    ipMasq: fields.flag('ipMasq'),
    hairpinMode: fields.flag('hairpinMode'),
    ...(mtu !== undefined && mtu > 0 && { mtu }),
    ...(ipam !== undefined && { ipam }),
    dns: dnsOf(fields),
    runtime: runtimeOf(fields.object('runtimeConfig')),
    ...(prevResult !== undefined && { prevResult: readResult(prevResult, 'prevResult') }),
    ...validAttachmentsOf(fields),
    text,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const details = cause instanceof Error ? cause.message : String(cause);
    throw new CniError('decodingFailure', 'the network configuration is no JSON', {
      details,
      cause,
    });
  }
}

/** The name of a delegated IPAM plugin; undefined when the agent itself hands addresses out. */
function ipamOf(fields: Fields): string | undefined {
  const ipam = fields.object('ipam');
  const type = ipam?.string('type') ?? '';
  if (type === '' || type === 'evio') return undefined;
  // It becomes the name of a program.
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(type)) {
    throw ipam?.wrong('type', 'the name of an IPAM plugin') ?? wrong('ipam', 'an object', ipam);
  }
  return type;
}

function dnsOf(fields: Fields): Dns {
  const dns = fields.object('dns');
  const domain = dns?.string('domain');
  return {
    nameservers: dns?.strings('nameservers') ?? [],
    ...(domain !== undefined && { domain }),
    search: dns?.strings('search') ?? [],
    options: dns?.strings('options') ?? [],
  };
}

function runtimeOf(runtime: Fields | undefined): RuntimeConfig {
  if (runtime === undefined) return { ips: [], ipRanges: [] };
  const ips = runtime.strings('ips').map((text, index) => {
    const address = parseCidr(text)?.address ?? parseAddress(text);
    if (address === undefined) throw wrong(`runtimeConfig.ips[${index}]`, 'an address', text);
    return address.text;
  });
  const mac = runtime.string('mac');
  const bandwidth = runtime.object('bandwidth');
  const ingress = bandwidth && limitOf(bandwidth, 'ingress');
  const egress = bandwidth && limitOf(bandwidth, 'egress');
  return {
    ips,
    ...(mac !== undefined && mac !== '' && { mac: unicastMac('runtimeConfig.mac', mac) }),
    ...(ingress && { ingress }),
    ...(egress && { egress }),
    ipRanges: runtime.list('ipRanges', rangeSetOf),
  };
}

/**
 * A MAC that one interface can have.
 *
 * @throws CniError code 7.
 */
export function unicastMac(key: string, text: string): Mac {
  const expected = 'the MAC of one interface like 02:00:5e:10:00:01';
  if (!/^([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}$/.test(text)) throw wrong(key, expected, text);
  const mac = parseMac(text);
  if ((Number.parseInt(mac.slice(0, 2), 16) & 1) === 1 || mac === '00:00:00:00:00:00') {
    throw wrong(key, expected, text);
  }
  return mac;
}

function limitOf(bandwidth: Fields, direction: 'ingress' | 'egress'): RateLimit | undefined {
  const most = Number.MAX_SAFE_INTEGER;
  const rate = bandwidth.whole(`${direction}Rate`, 0, most) ?? 0;
  const burst = bandwidth.whole(`${direction}Burst`, 0, most) ?? 0;
  if (rate === 0 && burst === 0) return undefined;
  if (rate === 0 || burst === 0) {
    throw bandwidth.wrong(
      `${direction}${rate === 0 ? 'Rate' : 'Burst'}`,
      'rate and burst, or neither',
    );
  }
  return { rate, burst };
}

function rangeSetOf(value: unknown, path: string): readonly IpRange[] {
  if (!Array.isArray(value)) throw wrong(path, 'a list of ranges', value);
  return value.map((range, index) => rangeOf(new Fields(range, `${path}[${index}]`)));
}

function rangeOf(fields: Fields): IpRange {
  const cidr = parseCidr(fields.string('subnet') ?? '');
  if (cidr === undefined) throw fields.wrong('subnet', 'a subnet like 10.244.1.0/24');
  const bound = (name: 'rangeStart' | 'rangeEnd', otherwise: bigint): bigint => {
    const text = fields.string(name);
    if (text === undefined || text === '') return otherwise;
    const address = parseAddress(text);
    if (address?.family !== cidr.family || !cidr.contains(address)) {
      throw fields.wrong(name, `an address in ${cidr.text}`);
    }
    return address.value;
  };
  const first = bound('rangeStart', cidr.first);
  const last = bound('rangeEnd', cidr.last);
  if (last < first) throw fields.wrong('rangeEnd', 'an address after rangeStart');
  return { family: cidr.family, first, last };
}

/** `cni.dev/valid-attachments`; libcni also sends the older `cni.dev/attachments`. */
function validAttachmentsOf(fields: Fields): Pick<NetworkConfig, 'validAttachments'> {
  const key = 'cni.dev/valid-attachments';
  const name = fields.raw(key) === undefined ? 'cni.dev/attachments' : key;
  if (fields.raw(name) === undefined) return {};
  const validAttachments = fields.list(name, (value, path) => {
    if (!isObject(value)) throw wrong(path, 'an object', value);
    const entry = new Fields(value, path);
    const containerId = entry.string('containerID') ?? '';
    const ifName = entry.string('ifname') ?? '';
    return { containerId, ifName };
  });
  return { validAttachments };
}
