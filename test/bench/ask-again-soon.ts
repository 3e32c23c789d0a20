import type { Host } from '../lab/index.ts';

/**
 * From now on a packet that waits for ARP on one of the host's devices asks again after 0.1 s, not
 * 1 s: what is timed is the product, not the kernel's patience. Devices that come later keep theirs.
 */
export async function askAgainSoon({ namespace }: Host): Promise<void> {
  const files = '/proc/sys/net/ipv4/neigh/*/retrans_time_ms';
  await namespace.exec(['sh', '-c', `for file in ${files}; do echo 100 >"$file"; done`]);
}
