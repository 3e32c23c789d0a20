import { networkInterfaces } from 'node:os';

/** Whether an interface of this host still has the address of a socket. */
export function hasAddress(address: string): boolean {
  const mapped = address.replace(/^::ffff:/, '');
  return Object.values(networkInterfaces()).some(list =>
    list?.some(entry => entry.address === address || entry.address === mapped),
  );
}
