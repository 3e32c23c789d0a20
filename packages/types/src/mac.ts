import { EvioError } from './error.ts';

declare const brand: unique symbol;

/** An Ethernet address as six lower-case hex pairs joined by colons. */
export type Mac = string & { readonly [brand]: 'Mac' };

/**
 * Reads a MAC address from text such as `02:00:5e:10:00:01`.
 *
 * @throws EvioError `MAC_INVALID` when it is anything else.
 */
export function parseMac(text: string): Mac {
  const lower = text.toLowerCase();
  if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(lower)) {
    throw new EvioError('MAC_INVALID', `expected a MAC like 02:00:5e:10:00:01, got "${text}"`);
  }
  return lower as Mac;
}

/**
 * Writes six bytes as a MAC address.
 *
 * @throws EvioError `MAC_INVALID` when there are not six.
 */
export function formatMac(bytes: Uint8Array): Mac {
  return parseMac(Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join(':'));
}
