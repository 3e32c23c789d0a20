import { after, before, describe } from 'node:test';
import { Hub } from '@evio/hub';
import { freePorts } from '../hub/free-ports.ts';
import { scratch } from '../hub/scratch.ts';
import { type ServerUnderTest, scenarios } from './scenarios.ts';

describe('Prosody, as evio hub runs it', () => {
  const place = scratch();
  const passwords = new Map<string, string>();
  let hub: Hub | undefined;
  let server: ServerUnderTest | undefined;

  before(async () => {
    const domain = 'hub.test';
    const ports = await freePorts();
    const started = await Hub.start({
      dir: place.dir,
      domain,
      addresses: ['127.0.0.1'],
      overlays: ['edge', 'other'],
      ports,
      turn: false,
    });
    hub = started;
    const add = async (name: string, overlay: string) => {
      const { password } = await started.addNode(name, [overlay]);
      passwords.set(name, password);
      return password;
    };
    for (const name of ['edge-a', 'edge-b', 'edge-c', 'edge-d']) await add(name, 'edge');
    await add('mallory', 'other');
    server = {
      domain,
      service: `xmpps://127.0.0.1:${ports.xmpps}`,
      starttlsService: `xmpp://127.0.0.1:${ports.xmpp}`,
      ca: started.ca,
      password: name => passwords.get(name) ?? 'none',
      stop: () => started.stopXmpp(),
      start: () => started.startXmpp(),
      addMember: name => add(name, 'edge'),
    };
  });
  after(async () => {
    await hub?.stop();
    place[Symbol.dispose]();
  });

  scenarios(() => {
    if (server === undefined) throw new Error('Prosody is not running');
    return server;
  });
});
