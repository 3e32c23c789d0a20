import { findPeer, listPeers } from './find-peer.ts';
import { type Route, routeOf } from './route.ts';
import type { AgentControl, PeerListing, PingLine, PingReply } from './types.ts';

/**
 * Everything that the `evio` command asks of a running agent.
 *
 * @param dashboardUrl where the dashboard is; throws the EvioError that says why there is none.
 */
export function controlRoutes(control: AgentControl, dashboardUrl: () => string): Route[] {
  return [
    routeOf('GET /v1/status', () => control.status()),
    routeOf('GET /v1/peers', ({ query }) => listPeers(control.status(), query.overlay)),
    routeOf('GET /v1/topology', ({ query: { overlay } }) => {
      // For its error when there is no such overlay.
      listPeers(control.status(), overlay);
      return control
        .topology()
        .filter(topology => overlay === undefined || topology.overlay === overlay);
    }),
    routeOf('POST /v1/ping', ({ body: { node, overlay, ...options }, signal }) => {
      const target = findPeer(control.status(), node, overlay);
      return pingLines(target, control.ping(target, { ...options, signal }));
    }),
    routeOf('POST /v1/examine', ({ body: { node, overlay } }) =>
      control.examine(findPeer(control.status(), node, overlay)),
    ),
    routeOf('POST /v1/trace', ({ body: { node, overlay }, signal }) =>
      control.trace(findPeer(control.status(), node, overlay), { signal }),
    ),
    routeOf('GET /v1/dashboard', () => ({ url: dashboardUrl() })),
    routeOf('POST /v1/reload', () => control.reload()),
    routeOf('POST /v1/forget', async ({ body: { account, overlay } }) => ({
      account,
      overlays: await control.forget(account, overlay),
    })),
    // Loaded when it is asked for: an agent's memory is counted.
    routeOf('GET /v1/openapi.json', async () => (await import('./openapi.ts')).openApi()),
  ];
}

async function* pingLines(
  target: PeerListing,
  replies: AsyncIterable<PingReply>,
): AsyncGenerator<PingLine> {
  yield { target };
  for await (const reply of replies) yield { reply };
}
