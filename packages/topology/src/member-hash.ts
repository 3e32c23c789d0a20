import { BUCKETS } from './control-message.ts';
import type { MemberDirectory } from './member-directory.ts';
import type { RingPoint } from './ring-point.ts';

/** The stretch of the ring that a member is compared in: the first byte of its id. */
export function bucketOf(point: RingPoint): number {
  return Math.floor(point.high / 2 ** 44);
}

/** 32 bits that change with the id and the sequence; not secret, the comparison is among members. */
export function hashMember(point: RingPoint, sequence: number): number {
  let hash = Math.imul((point.middle % 2 ** 32) | 0, 0x9e3779b1);
  hash = Math.imul(hash ^ ((sequence % 2 ** 32) | 0), 0x85ebca6b);
  hash ^= hash >>> 15;
  hash = Math.imul(hash ^ Math.floor(sequence / 2 ** 32), 0xc2b2ae35);
  return (hash ^ (hash >>> 13)) >>> 0;
}

/** The XOR over the members of each bucket. */
export function bucketHashes(members: MemberDirectory): number[] {
  const hashes = new Array<number>(BUCKETS).fill(0);
  for (const point of members.all()) {
    const bucket = bucketOf(point);
    const sequence = members.entry(point)?.sequence ?? 0;
    hashes[bucket] = ((hashes[bucket] ?? 0) ^ hashMember(point, sequence)) >>> 0;
  }
  return hashes;
}

/** The XOR over all. */
export function totalHash(hashes: readonly number[]): number {
  return hashes.reduce((total, hash) => (total ^ hash) >>> 0, 0);
}
