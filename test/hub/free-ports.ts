import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { HubPorts } from '@evio/hub';

/** Ports on loopback that nobody has now, so that several hubs can run on the machine. */
export async function freePorts(): Promise<HubPorts> {
  const servers = [0, 1, 2, 3].map(() => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map(server => once(server, 'listening')));
  const [xmpp = 0, xmpps = 0, turn = 0, turns = 0] = servers.map(
    server => (server.address() as AddressInfo).port,
  );
  await Promise.all(
    servers.map(server => {
      server.close();
      return once(server, 'close');
    }),
  );
  return { xmpp, xmpps, turn, turns, relayMin: 49_152, relayMax: 65_535 };
}
