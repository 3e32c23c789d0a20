import { type Endpoint, formatEndpoint } from './endpoint.ts';

/** RFC 8445 §5.1.1: how a candidate came to be known. */
export type CandidateType = 'host' | 'srflx' | 'prflx' | 'relay';

/**
 * An ICE candidate as it travels between agents (RFC 8445 §5.1, RFC 8839 §5.1). Only UDP, only
 * component 1: an overlay link is one flow.
 */
export interface Candidate {
  /** 1 to 32 ice-chars; equal for candidates of one type, base and server (RFC 8445 §5.1.1.3). */
  readonly foundation: string;
  /** 1 to 2³¹ − 1 (RFC 8445 §5.1.2). */
  readonly priority: number;
  readonly type: CandidateType;
  /** Where the peer sends to. */
  readonly endpoint: Endpoint;
  /** For srflx and relay: the base or mapped endpoint behind it, for diagnosis only. */
  readonly related?: Endpoint;
}

/** One line for logs: `srflx 203.0.113.7:40000`. */
export function formatCandidate(candidate: Candidate): string {
  return `${candidate.type} ${formatEndpoint(candidate.endpoint)}`;
}
