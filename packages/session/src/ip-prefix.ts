import { isIPv4, isIPv6 } from 'node:net';
import { EvioError } from '@evio/types';

/** An address with its prefix length, `10.10.0.1/16`, as its bytes: 4 or 16, and the length. */
export interface IpPrefix {
  readonly address: Uint8Array;
  /** 0 to 32 or 128. */
  readonly length: number;
}

/**
 * Reads `10.10.0.1/16` or `fd00::1/64`. Host bits are kept.
 *
 * @throws EvioError `PREFIX_INVALID` when it is anything else.
 */
export function parseIpPrefix(text: string): IpPrefix {
  const match = /^([^/]+)\/(\d{1,3})$/.exec(text);
  const address = match?.[1] ?? '';
  const length = Number(match?.[2]);
  if (isIPv4(address) && length <= 32) {
    return { address: Uint8Array.from(address.split('.'), Number), length };
  }
  if (isIPv6(address) && !address.includes('%') && length <= 128) {
    return { address: ipv6Bytes(address), length };
  }
  throw new EvioError(
    'PREFIX_INVALID',
    `expected an address with its prefix length like 10.10.0.1/16 or fd00::1/64, got "${text}"`,
  );
}

/** Writes a prefix; IPv6 in the form of RFC 5952 §4. */
export function formatIpPrefix({ address, length }: IpPrefix): string {
  return `${address.length === 4 ? address.join('.') : formatIpv6(address)}/${length}`;
}

function ipv6Bytes(text: string): Uint8Array {
  // An embedded IPv4 address stands for the last two groups (RFC 4291 §2.2).
  const plain = text.replace(/\d+\.\d+\.\d+\.\d+$/, quad => {
    const [a = 0, b = 0, c = 0, d = 0] = quad.split('.').map(Number);
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
  const [head = '', tail] = plain.split('::');
  const groups = (part: string) =>
    part === '' ? [] : part.split(':').map(g => Number.parseInt(g, 16));
  const before = groups(head);
  const after = groups(tail ?? '');
  const all = [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
  return Uint8Array.from(all.flatMap(group => [group >> 8, group & 0xff]));
}

function formatIpv6(address: Uint8Array): string {
  const view = new DataView(address.buffer, address.byteOffset, address.byteLength);
  const groups = Array.from({ length: 8 }, (_, index) => view.getUint16(index * 2).toString(16));
  const runs = [...groups.join(':').matchAll(/(?<![^:])0(:0)+(?![^:])/g)];
  const longest = runs.reduce((best, [run]) => (run.length > best.length ? run : best), '');
  const text = groups.join(':');
  if (longest === '') return text;
  const start = text.search(new RegExp(`(?<![^:])${longest}(?![^:])`));
  const before = text.slice(0, start).replace(/:$/, '');
  const after = text.slice(start + longest.length).replace(/^:/, '');
  return `${before}::${after}`;
}
