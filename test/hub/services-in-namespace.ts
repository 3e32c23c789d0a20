/**
 * Run inside a hub's network namespace with a node (a `HubNode`, as JSON) as the argument: logs in
 * as the node and prints the XEP-0215 services that it is offered, as JSON.
 */
import { readFileSync } from 'node:fs';
import { XmppLogin } from './xmpp-login.ts';

/** A `<service/>` of XEP-0215; all text but the port. */
export interface Service {
  readonly type: string;
  readonly transport: string;
  readonly host: string;
  readonly port: number;
  readonly username?: string;
  readonly password?: string;
  readonly expires?: string;
}

if (process.argv[1] === import.meta.filename) {
  const node = JSON.parse(process.argv[2] ?? '');
  const login = await XmppLogin.as({ ...node, ca: readFileSync(node.caFile, 'utf8') });
  const domain = node.jid.split('@')[1];
  login.send(`<iq type='get' id='ext' to='${domain}'><services xmlns='urn:xmpp:extdisco:2'/></iq>`);
  const [answer] = await login.until(/<iq [^>]*id='ext'.*?<\/iq>/s);
  const services = [...answer.matchAll(/<service ([^>]*)\/>/g)].map(([, attributes = '']) => {
    const pairs = [...attributes.matchAll(/(\w+)='([^']*)'/g)].map(([, key, value]) => [
      key,
      value,
    ]);
    const service = Object.fromEntries(pairs);
    return { ...service, port: Number(service.port) };
  });
  console.log(JSON.stringify(services));
  login.close();
}
