/**
 * A member that sends rubbish: `node stanza-sender.ts CREDENTIALS.json COUNT SEED JID…`. Damaged offers
 * and random trees of the elements that signaling knows, as IQ, message and presence, to each JID in
 * turn; well-formed XML, because a server passes nothing else on.
 */
import { readFileSync } from 'node:fs';
import {
  damagedOffer,
  generator,
  randomTree,
} from '../../packages/signaling/src/hostile-stanzas.ts';
import { XmppLogin } from '../hub/xmpp-login.ts';

const [file = '', count = '', seed = '', ...targets] = process.argv.slice(2);
const below = generator(Number(seed));
const login = await XmppLogin.as(JSON.parse(readFileSync(file, 'utf8')));

for (let sent = 0; sent < Number(count); sent += 1) {
  const stanza = below(2) === 0 ? randomTree(below) : damagedOffer(below);
  const to = targets[sent % targets.length] ?? '';
  // Addressed by us: the server would drop what claims to be from another, or goes to nobody.
  const open = /^<(iq|message|presence)([^>]*?)(\/?)>/.exec(stanza);
  if (open === null) throw new Error(`expected a stanza, got ${stanza.slice(0, 80)}`);
  const attributes = (open[2] ?? '').replaceAll(/ (to|from|xmlns)='[^']*'/g, '');
  const id = attributes.includes(" id='") ? '' : ` id='r${sent}'`;
  const type = attributes.includes(" type='") ? '' : " type='set'";
  const rest = stanza.slice(open[0].length);
  login.send(`<${open[1]}${attributes}${id}${type} to='${to}'${open[3]}>${rest}`);
  // The server reads at its own rate; what it has not read must not pile up here.
  if (sent % 100 === 99) await answered(`q${sent}`);
}
await answered('last');
login.close();

/** Waits until the server has read all that was sent before. */
async function answered(id: string): Promise<void> {
  login.send(`<iq type='get' id='${id}'><ping xmlns='urn:xmpp:ping'/></iq>`);
  await login.until(new RegExp(`id='${id}'`), 60_000);
  login.clear();
}
