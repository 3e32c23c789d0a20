import { readFileSync } from 'node:fs';
import { EvioError, isNodeId, type NodeId, parseNodeId } from '@evio/types';
import { z } from 'zod';
import type { PodRanges } from '../plugin/address-book.ts';
import { replaceFile } from '../replace-file.ts';
import type { PodLayout } from './pod-layout.ts';
import { type Announcement, type ClaimState, type Outcome, RangeClaim } from './range-claim.ts';

/** As node records carry it: parts of the pod network are told by their ranges. */
export interface PodClaimRecord {
  readonly state: 'none' | 'pending' | 'confirmed';
  readonly since: number;
  readonly ranges: readonly string[];
  readonly votes: readonly {
    readonly range: string;
    readonly holder: NodeId;
    readonly since: number;
  }[];
}

/** What is heard of a member. */
export interface HeardRecord {
  readonly account: string;
  readonly id: NodeId;
  readonly sequence: bigint;
  readonly pods?: PodClaimRecord;
}

export interface ClaimedRangesOptions {
  readonly layout: PodLayout;
  readonly self: { readonly id: NodeId; readonly account: string };
  /** Where the state is kept; JSON. */
  readonly file: string;
  /** Milliseconds since 1970, never less than before. */
  readonly wallClock: () => number;
  /** Called when {@link ClaimedRanges.announcement} is another. */
  readonly onChange: () => void;
}

const StateFile = z.object({
  /** A state is worth nothing in another division of another network. */
  layout: z.string(),
  claim: z.object({
    state: z.enum(['none', 'pending', 'confirmed']),
    index: z.int(),
    since: z.int(),
  }),
  promises: z.array(
    z.object({
      account: z.string(),
      index: z.int(),
      holder: z.string().refine(isNodeId).transform(parseNodeId),
      since: z.int(),
    }),
  ),
});

const NOBODY: Announcement = { claim: { state: 'none', index: 0, since: 0 }, votes: [] };

/**
 * This node's claim on a part of the pod network ({@link RangeClaim}), kept on disk and in step with the
 * node records of the overlay.
 */
export class ClaimedRanges {
  readonly #options: ClaimedRangesOptions;
  readonly #claim: RangeClaim;
  #said = '';
  #membersKnown = false;
  #kept: string;
  #outcome: Outcome;
  #fault: string | undefined;

  /** @throws EvioError `POD_CLAIM_DAMAGED` when the file is there and cannot be read. */
  constructor(options: ClaimedRangesOptions) {
    this.#options = options;
    const state = readState(options.file, layoutName(options.layout));
    this.#kept = JSON.stringify(state);
    const { self, layout } = options;
    this.#claim = new RangeClaim({ self, parts: layout.count, ...(state && { state }) });
    // Nothing is claimed before the members are known.
    this.#outcome = {
      state: state ?? { claim: NOBODY.claim, promises: [] },
      announcement: state === undefined ? NOBODY : { claim: state.claim, votes: [] },
      granted: state?.claim.state === 'confirmed' ? state.claim.index : undefined,
      problem: 'the members of the overlay are not known yet',
    };
  }

  /** The accounts of the roster group. */
  setMembers(accounts: ReadonlySet<string>): void {
    if (accounts.size === 0) return;
    this.#claim.setMembers(accounts);
    this.#membersKnown = true;
    this.#decide();
  }

  hear({ account, id, sequence, pods }: HeardRecord): void {
    this.#claim.hear(account, id, sequence, pods === undefined ? NOBODY : this.#fromRecord(pods));
    this.tick();
  }

  /** To be called every few seconds: a claim that gets no further is given up after a while. */
  tick(): void {
    if (this.#membersKnown) this.#decide();
  }

  #decide(): void {
    const { layout, file, wallClock, onChange } = this.#options;
    const outcome = this.#claim.decide(wallClock());
    const kept = JSON.stringify(outcome.state);
    if (kept !== this.#kept) {
      try {
        replaceFile(file, JSON.stringify({ layout: layoutName(layout), ...outcome.state }), 0o600);
        this.#kept = kept;
        this.#fault = undefined;
      } catch (error) {
        // What is not on disk is not said, and nothing new is handed out.
        this.#fault = `${file} cannot be written: ${error instanceof Error ? error.message : error}`;
        return;
      }
    }
    this.#outcome = outcome;
    const said = JSON.stringify(outcome.announcement);
    if (said === this.#said) return;
    this.#said = said;
    onChange();
  }

  /** For this node's own record. */
  announcement(): PodClaimRecord {
    const { claim, votes } = this.#outcome.announcement;
    const { layout } = this.#options;
    return {
      state: claim.state,
      since: claim.since,
      ranges: claim.state === 'none' ? [] : layout.rangesOf(claim.index),
      votes: votes.map(({ index, holder, since }) => ({
        range: layout.rangesOf(index)[0] ?? '',
        holder,
        since,
      })),
    };
  }

  /** What may be handed out, or why nothing. */
  ranges(): PodRanges | { readonly missing: string } {
    const { granted, problem } = this.#outcome;
    if (granted === undefined) {
      return { missing: this.#fault ?? problem ?? 'no pod range is claimed yet' };
    }
    const { layout } = this.#options;
    return { networks: layout.networks.map(({ text }) => text), ranges: layout.rangesOf(granted) };
  }

  /** A claim in a network that is divided otherwise is no claim here. */
  #fromRecord({ state, since, ranges, votes }: PodClaimRecord): Announcement {
    const { layout } = this.#options;
    const index = layout.indexOf(ranges[0] ?? '');
    return {
      claim: index === undefined ? { state: 'none', index: 0, since } : { state, index, since },
      votes: votes.flatMap(vote => {
        const part = layout.indexOf(vote.range);
        return part === undefined ? [] : [{ index: part, holder: vote.holder, since: vote.since }];
      }),
    };
  }
}

function layoutName({ networks, nodeBits }: PodLayout): string {
  return `${networks.map(({ text }) => text).join(' ')} ${nodeBits}`;
}

function readState(file: string, layout: string): ClaimState | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw damaged(file, error);
  }
  try {
    const { layout: of, ...state } = StateFile.parse(JSON.parse(text));
    return of === layout ? state : undefined;
  } catch (cause) {
    throw damaged(file, cause);
  }
}

function damaged(file: string, cause: unknown): EvioError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new EvioError(
    'POD_CLAIM_DAMAGED',
    `${file}: cannot be read: ${why}. Restore it from a copy; if you move it away, this node claims another ` +
      'pod range, and pods that still run here keep addresses of the former one',
    { cause },
  );
}
