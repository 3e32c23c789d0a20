import { z } from 'zod';
import {
  AgentStatus,
  DashboardAddress,
  Forgotten,
  OverlayTopology,
  PeerDetail,
  PeerListing,
  PingLine,
  ReloadReport,
  Trace,
} from './answers.ts';

/**
 * Everything that can be asked, by `METHOD /path`, with the schema of each question and answer. The
 * server reads requests by it, the client has its types of it, `openapi.ts` writes it down.
 */

/** One thing that can be asked. */
export interface Operation {
  /** A few words, for the description. */
  readonly summary: string;
  /** Parameters in the URL. */
  readonly query: z.ZodObject;
  /** JSON body; what a request without one reads as is undefined. */
  readonly body: z.ZodType;
  readonly answer: z.ZodType;
  /** The answer comes as JSON lines, each by the schema, when there is something to say. */
  readonly lines?: true;
}

const none = z.strictObject({});
const noBody = z.unknown();
const overlay = z.string().exactOptional().meta({ description: 'In this overlay only.' });
const inOverlay = z.strictObject({ overlay });
const node = z.string().min(1).meta({
  description: 'An id or its beginning, an account, a name or an overlay address.',
});

export const OPERATIONS = {
  'GET /v1/status': {
    summary: 'This node, its overlays and their peers',
    query: none,
    body: noBody,
    answer: AgentStatus,
  },
  'GET /v1/peers': {
    summary: 'The other members',
    query: inOverlay,
    body: noBody,
    answer: z.array(PeerListing),
  },
  'GET /v1/topology': {
    summary: 'The ring and its links',
    query: inOverlay,
    body: noBody,
    answer: z.array(OverlayTopology),
  },
  'POST /v1/ping': {
    summary: 'Send encrypted echo requests to a peer; the first line says to whom',
    query: none,
    body: z.strictObject({
      node,
      overlay,
      count: z.int().min(1).max(1_000_000).default(5),
      intervalMs: z.number().min(10).max(3_600_000).default(1000),
      timeoutMs: z.number().min(10).max(60_000).default(2000),
      datagramBytes: z.int().min(0).max(65_507).default(0).meta({
        description: 'UDP payload of each; 0: the smallest.',
      }),
    }),
    answer: PingLine,
    lines: true,
  },
  'POST /v1/examine': {
    summary: 'How a peer is reached: candidate pairs, and what is behind it',
    query: none,
    body: z.strictObject({ node, overlay }),
    answer: PeerDetail,
  },
  'POST /v1/trace': {
    summary: 'The way to a peer, hop by hop',
    query: none,
    body: z.strictObject({ node, overlay }),
    answer: Trace,
  },
  'GET /v1/dashboard': {
    summary: 'Where the dashboard is, with the token that lets a browser in',
    query: none,
    body: noBody,
    answer: DashboardAddress,
  },
  'POST /v1/reload': {
    summary: 'Read the configuration again, as SIGHUP does',
    query: none,
    body: noBody,
    answer: ReloadReport,
  },
  'POST /v1/forget': {
    summary: 'Unpin the key of an account, so that its next one is taken',
    query: none,
    body: z.strictObject({ account: z.string().min(1), overlay }),
    answer: Forgotten,
  },
  'GET /v1/openapi.json': {
    summary: 'This description',
    query: none,
    body: noBody,
    answer: z.record(z.string(), z.unknown()),
  },
} as const satisfies Readonly<Record<`${'GET' | 'POST'} /${string}`, Operation>>;

export type Operations = typeof OPERATIONS;
export type OperationName = keyof Operations;
