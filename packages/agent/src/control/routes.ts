import { z } from 'zod';
import { findPeer, listPeers } from './find-peer.ts';
import { type Route, readBody } from './route.ts';
import type { AgentControl, PeerListing, PingReply } from './types.ts';

const overlay = z.string().optional();
const NodeBody = z.strictObject({ node: z.string().min(1), overlay });
const PingBody = NodeBody.extend({
  count: z.int().min(1).max(1_000_000).default(5),
  intervalMs: z.number().min(10).max(3_600_000).default(1000),
  timeoutMs: z.number().min(10).max(60_000).default(2000),
  datagramBytes: z.int().min(0).max(65_507).default(0),
});
const ForgetBody = z.strictObject({ account: z.string().min(1), overlay });

/** What `POST /v1/ping` takes. */
export type PingRequest = z.input<typeof PingBody>;
/** What it answers, line by line: who is asked, the replies, at last the error if there was one. */
export type PingLine = { readonly target: PeerListing } | { readonly reply: PingReply };

/** Everything that the `evio` command asks of a running agent. */
export function controlRoutes(control: AgentControl): Route[] {
  return [
    { method: 'GET', path: '/v1/status', handle: () => control.status() },
    {
      method: 'GET',
      path: '/v1/peers',
      handle: ({ query }) => listPeers(control.status(), query.get('overlay') ?? undefined),
    },
    {
      method: 'GET',
      path: '/v1/topology',
      handle: ({ query }) => {
        const wanted = query.get('overlay') ?? undefined;
        // For its error when there is no such overlay.
        listPeers(control.status(), wanted);
        return control
          .topology()
          .filter(topology => wanted === undefined || topology.overlay === wanted);
      },
    },
    {
      method: 'POST',
      path: '/v1/ping',
      handle: ({ body, signal }) => {
        const { node, overlay, ...options } = readBody(PingBody, body);
        const target = findPeer(control.status(), node, overlay);
        return pingLines(target, control.ping(target, { ...options, signal }));
      },
    },
    {
      method: 'POST',
      path: '/v1/trace',
      handle: ({ body, signal }) => {
        const { node, overlay } = readBody(NodeBody, body);
        return control.trace(findPeer(control.status(), node, overlay), { signal });
      },
    },
    { method: 'POST', path: '/v1/reload', handle: () => control.reload() },
    {
      method: 'POST',
      path: '/v1/forget',
      handle: async ({ body }) => {
        const { account, overlay } = readBody(ForgetBody, body);
        return { account, overlays: await control.forget(account, overlay) };
      },
    },
  ];
}

async function* pingLines(
  target: PeerListing,
  replies: AsyncIterable<PingReply>,
): AsyncGenerator<PingLine> {
  yield { target };
  for await (const reply of replies) yield { reply };
}
