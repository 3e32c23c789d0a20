/** How link messages reach a peer: through the XMPP server, or sealed through the overlay itself. */
export type Contact =
  | { readonly kind: 'server' /** Full JID. */; readonly jid: string }
  | { readonly kind: 'overlay' };

export const OVERLAY_CONTACT: Contact = { kind: 'overlay' };

/** For logs. */
export function formatContact(contact: Contact): string {
  return contact.kind === 'server' ? contact.jid : 'the overlay';
}
