import { createHash } from 'node:crypto';
import { type Mac, parseMac } from '@evio/types';
import type { AttachmentId } from '../protocol/invocation.ts';

/** With it begins the name of each pod's interface on the host. */
export const POD_PREFIX = 'evp';

const digest = (...words: readonly string[]): string =>
  createHash('sha256').update(words.join('\0')).digest('hex');

/**
 * The name of an interface's end on the host: it follows from container and interface name, so that
 * DEL finds it without a record. 15 bytes, the most that the kernel takes.
 */
export function hostInterfaceName({ containerId, ifName }: AttachmentId): string {
  return `${POD_PREFIX}${digest(containerId, ifName).slice(0, 12)}`;
}

/** A MAC of our own making (locally administered, unicast) that follows from what it is for. */
export function derivedMac(...words: readonly string[]): Mac {
  return parseMac(`02${digest('mac', ...words).slice(0, 10)}`.replace(/(..)(?!$)/g, '$1:'));
}

/** Name of the nftables table of a pod network; only we write to it. */
export function tableName(network: string): string {
  const plain = network.replace(/[^A-Za-z0-9]/g, '_').slice(0, 32);
  return `evio_cni_${plain}_${digest(network).slice(0, 6)}`;
}
