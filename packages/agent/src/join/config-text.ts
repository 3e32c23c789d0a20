import type { Invitation, InvitedOverlay } from '@evio/types';
import { type Document, isMap, isSeq, parseDocument, type YAMLMap } from 'yaml';
import { defaultInterfaceName } from '../config/formats.ts';
import { overlayFiles } from './overlay-files.ts';

/** The overlay's entry as `evio join` would write it is there, is another's, or is not there. */
export type Presence = 'absent' | 'same' | 'other';

/** Looks for the overlay of an invitation in the text of a configuration. */
export function presenceOf(
  text: string | undefined,
  { account, service }: Invitation,
  { name, address }: InvitedOverlay,
): Presence {
  const entry = text === undefined ? undefined : findEntry(parseDocument(text), name);
  if (entry === undefined) return 'absent';
  const addresses: unknown = entry.toJSON()?.interface?.address;
  const same =
    entry.getIn(['xmpp', 'jid']) === account &&
    entry.getIn(['xmpp', 'service']) === service &&
    Array.isArray(addresses) &&
    addresses.includes(address);
  return same ? 'same' : 'other';
}

/**
 * The text of a configuration with the overlays of an invitation in it; what is there besides stays
 * as it was written, comments included.
 *
 * @param text undefined: there is no file yet.
 */
export function withOverlays(text: string | undefined, invitation: Invitation): string {
  const document = parseDocument(text ?? newConfig(invitation));
  for (const overlay of invitation.overlays) {
    const former = findEntry(document, overlay.name);
    const name = interfaceName(document, former);
    const list = entries(document);
    const entry = document.createNode(entryOf(invitation, overlay, name));
    const at = former === undefined ? -1 : list.indexOf(former);
    if (at >= 0) document.setIn(['overlays', at], entry);
    else if (isSeq(document.get('overlays', true))) document.addIn(['overlays'], entry);
    else document.set('overlays', document.createNode([entry]));
  }
  return document.toString({ lineWidth: 0 });
}

/** The text without an overlay; undefined when no other is left. */
export function withoutOverlay(text: string, name: string): string | undefined {
  const document = parseDocument(text);
  const former = findEntry(document, name);
  const list = entries(document);
  if (former === undefined) return text;
  if (list.length === 1) return undefined;
  document.deleteIn(['overlays', list.indexOf(former)]);
  return document.toString({ lineWidth: 0 });
}

/**
 * The files beside the configuration that an overlay names and that nothing else does.
 *
 * @param after the text without the overlay, as {@link withoutOverlay} made it.
 */
export function filesOf(text: string, after: string | undefined, name: string): string[] {
  const entry = findEntry(parseDocument(text), name);
  const named = [
    ...['password_file', 'ca', 'certificate_file', 'key_file'].map(key =>
      entry?.getIn(['xmpp', key]),
    ),
    entry?.get('secret_file'),
  ];
  return named.filter(
    (file): file is string =>
      typeof file === 'string' && /^[^/]+$/.test(file) && after?.includes(file) !== true,
  );
}

function newConfig({ account }: Invitation): string {
  const node = account.split('@')[0] ?? account;
  // A localpart may have characters that a name may not.
  const name = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(node)
    ? `name: ${JSON.stringify(node)}\n`
    : '';
  return `# Written by evio join; docs/configuration.md describes every key.\n${name}`;
}

function entryOf({ account, service, pin }: Invitation, overlay: InvitedOverlay, device: string) {
  const files = overlayFiles(overlay.name);
  return {
    name: overlay.name,
    xmpp: {
      jid: account,
      password_file: files.password,
      service,
      ...(pin !== undefined && { ca: files.ca }),
    },
    interface: { name: device, address: [overlay.address] },
  };
}

function entries(document: Document): YAMLMap[] {
  const list = document.get('overlays', true);
  return isSeq(list) ? list.items.filter(isMap) : [];
}

function findEntry(document: Document, name: string): YAMLMap | undefined {
  return entries(document).find(entry => entry.get('name') === name);
}

/** The interface of the former entry, or the first `evioN` that no other overlay has. */
function interfaceName(document: Document, former: YAMLMap | undefined): string {
  const list = entries(document);
  const nameAt = (entry: YAMLMap, index: number) => {
    const written = entry.getIn(['interface', 'name']);
    return typeof written === 'string' ? written : defaultInterfaceName(index);
  };
  if (former !== undefined) return nameAt(former, list.indexOf(former));
  const taken = new Set(list.map(nameAt));
  for (let index = 0; ; index++) {
    const name = defaultInterfaceName(index);
    if (!taken.has(name)) return name;
  }
}
