/**
 * Why two nodes have a link: they are next to each other on the ring, one drew the other as a
 * long-distance link, they exchange much traffic, or the configuration says so.
 */
export const LINK_ROLES = ['successor', 'shortcut', 'on-demand', 'static'] as const;
export type LinkRole = (typeof LINK_ROLES)[number];

export function isLinkRole(text: unknown): text is LinkRole {
  return (LINK_ROLES as readonly unknown[]).includes(text);
}
