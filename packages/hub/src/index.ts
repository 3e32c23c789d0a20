/**
 * The hub of an overlay: an XMPP server where nodes sign in and find each other, and a STUN/TURN
 * server for their NATs. This room writes the configuration of Prosody and coturn into a folder,
 * keeps the nodes' accounts, memberships and addresses there, and runs both servers as children.
 *
 * In come a domain, addresses and node names; out come two running servers and, for each node, a
 * line with which its host joins (`evio join`), or a folder with the `evio.yaml` to copy there.
 *
 * @example
 * await initHub({ dir: '/var/lib/evio-hub', domain: 'example.org', addresses: ['192.0.2.1'] });
 * const node = await addNode('/var/lib/evio-hub', 'edge-a'); // node.dir goes to its /etc/evio
 * const hub = await Hub.up('/var/lib/evio-hub');
 */
export { registerHubCommands } from './commands.ts';
export { Hub, type HubRun } from './hub.ts';
export { type HubInit, initHub } from './init.ts';
export {
  type InviteOptions,
  type IssuedInvitation,
  inviteNode,
  listInvitations,
  uninviteNode,
} from './invitations.ts';
export { DEFAULT_DIR } from './layout.ts';
export { addNode, type HubMember, type HubNode, listNodes, removeNode } from './members.ts';
export type { HubPorts, HubSettings } from './settings.ts';
