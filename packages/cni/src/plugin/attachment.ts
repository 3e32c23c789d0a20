import type { Mac } from '@evio/types';
import type { AttachmentId } from '../protocol/invocation.ts';

/** One interface of one pod, as this node made it. */
export interface Attachment extends AttachmentId {
  /** `adding` until ADD has succeeded: what is found so after a crash was never anybody's. */
  readonly state: 'adding' | 'ready';
  /** Name of the network in its configuration. */
  readonly network: string;
  readonly netns: string;
  readonly hostIf: string;
  readonly mac: Mac;
  /** CIDRs. */
  readonly addresses: readonly string[];
  /** Plugin that handed the addresses out; absent: the agent itself. */
  readonly ipam?: string;
  /** As the runtime told it by CNI_ARGS, for `evio status`. */
  readonly pod?: string;
  /** ISO 8601. */
  readonly since: string;
}
