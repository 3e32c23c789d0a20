/**
 * The agent's control socket: HTTP with JSON over a unix socket, for the `evio` command and, later,
 * the CNI shim.
 *
 * In: an {@link AgentControl}, what the agent can be asked. Out: its answers, by
 * {@link ControlClient}. `answers.ts` says what they look like, `operations.ts`
 * what can be asked; docs/api/openapi.json is made of both. It is node:http and not a framework:
 * Fastify cost 17 MB of an agent's memory for eight routes (docs/decisions.md).
 *
 * @example
 * const routes = controlRoutes(agent, dashboard.url);
 * const server = await ControlServer.listen({ socket: '/run/evio/evio.sock', routes, onFault });
 * const { node } = await new ControlClient('/run/evio/evio.sock').status();
 */
export { ControlClient, DEFAULT_CONTROL_SOCKET } from './control-client.ts';
export { ControlServer, type ControlServerOptions } from './control-server.ts';
export { findPeer, listPeers } from './find-peer.ts';
export { readJson, sendError, sendJson } from './json-exchange.ts';
export { type ControlRequest, type Route, readBy, routeOf } from './route.ts';
export { controlRoutes } from './routes.ts';
export { CONTROL_GROUP, controlGroupId } from './socket-access.ts';
export type * from './types.ts';
