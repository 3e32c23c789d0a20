/**
 * Which peers a node links to, and in which role.
 *
 * In: the members that are known. Out: the links that are wanted. No sockets, no clock. Today every
 * node links to every other ({@link FullMesh}); the structured ring will be another
 * {@link LinkPolicy}, and nothing else in the agent has to change for it.
 *
 * @example
 * const policy = new FullMesh({ successors: 2, static: [] });
 * policy.links(self, members).get(member.id); // 'successor' | 'shortcut' | 'static'
 */
export { FullMesh, type FullMeshOptions } from './full-mesh.ts';
export type { LinkPolicy, LinkRole, Member } from './link-policy.ts';
export { clockwiseDistance, ringSuccessors } from './ring.ts';
