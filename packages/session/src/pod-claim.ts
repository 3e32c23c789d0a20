import { type NodeId, nodeIdBytes, nodeIdFromBytes } from '@evio/types';
import { formatIpPrefix, parseIpPrefix } from './ip-prefix.ts';
import { invalid, RecordReader } from './record-reader.ts';

/** Type of this extension of a node record. */
export const POD_CLAIM_TYPE = 1;

/** The form that this module writes; a claim of another one is passed over. */
const VERSION = 1;

const STATES = ['none', 'pending', 'confirmed'] as const;

/** Bounds of the variable fields. */
export const POD_CLAIM_LIMITS = { ranges: 2, votes: 8 } as const;

/** What a node says of the division of the pod network (who may hand which addresses out to pods). */
export interface PodClaim {
  /** `none`: it has no range and wants none; `pending`: it wants one; `confirmed`: it has one. */
  readonly state: (typeof STATES)[number];
  /** When it began to want it, in milliseconds since 1970 by its own clock. */
  readonly since: number;
  /** Its part of the pod network, at most one of each family: `10.244.3.0/24`, `fd00:244:3::/64`. */
  readonly ranges: readonly string[];
  /** Whose it takes pending claims of others for. */
  readonly votes: readonly PodVote[];
}

/** "This range is that node's", said to the one that claims it. */
export interface PodVote {
  /** The first range of the claim. */
  readonly range: string;
  readonly holder: NodeId;
  /** The claim's `since`: a vote counts for no other claim of that node. */
  readonly since: number;
}

/**
 * Writes a claim (byte table in docs/protocol-handshake.md).
 *
 * @throws EvioError `RECORD_INVALID` when there is more of something than fits.
 */
export function encodePodClaim({ state, since, ranges, votes }: PodClaim): Uint8Array {
  if (ranges.length > POD_CLAIM_LIMITS.ranges || votes.length > POD_CLAIM_LIMITS.votes) {
    throw invalid('expected at most 2 pod ranges and 8 votes');
  }
  return Buffer.concat([
    Uint8Array.of(VERSION, STATES.indexOf(state)),
    timeBytes(since),
    Uint8Array.of(ranges.length),
    ...ranges.map(prefixBytes),
    Uint8Array.of(votes.length),
    ...votes.flatMap(({ range, holder, since: of }) => [
      prefixBytes(range),
      nodeIdBytes(holder),
      timeBytes(of),
    ]),
  ]);
}

/**
 * @returns the claim, or `undefined` for one of a later version.
 * @throws EvioError `RECORD_INVALID` when it is malformed.
 */
export function decodePodClaim(bytes: Uint8Array): PodClaim | undefined {
  const reader = new RecordReader(bytes);
  if (reader.byte() !== VERSION) return undefined;
  const state = STATES[reader.byte()];
  if (state === undefined) throw invalid('expected the state of a pod claim');
  const since = readTime(reader);
  const ranges = list(reader, POD_CLAIM_LIMITS.ranges, () => readPrefix(reader));
  const votes = list(reader, POD_CLAIM_LIMITS.votes, () => ({
    range: readPrefix(reader),
    holder: nodeIdFromBytes(reader.take(16)),
    since: readTime(reader),
  }));
  if (reader.left > 0) throw invalid(`expected the end of a pod claim, got ${reader.left} bytes`);
  return { state, since, ranges, votes };
}

function list<T>(reader: RecordReader, most: number, read: () => T): T[] {
  const count = reader.byte();
  if (count > most) throw invalid(`expected at most ${most} in a pod claim, got ${count}`);
  return Array.from({ length: count }, read);
}

function timeBytes(ms: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(ms));
  return bytes;
}

function readTime(reader: RecordReader): number {
  const ms = Number(reader.unsigned64());
  if (!Number.isSafeInteger(ms)) throw invalid(`expected the time of a pod claim, got ${ms}`);
  return ms;
}

function prefixBytes(text: string): Uint8Array {
  const { address, length } = parseIpPrefix(text);
  return Uint8Array.of(address.length === 4 ? 4 : 6, length, ...address);
}

function readPrefix(reader: RecordReader): string {
  const family = reader.byte();
  const length = reader.byte();
  if (family !== 4 && family !== 6) throw invalid(`expected family 4 or 6, got ${family}`);
  if (length > (family === 4 ? 32 : 128)) throw invalid(`expected a prefix length, got ${length}`);
  return formatIpPrefix({ address: reader.take(family === 4 ? 4 : 16), length });
}
