import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Agent, type Host, type Lab, run } from '../../lab/index.ts';
import { EVIO, ROOT } from '../../lab/paths.ts';
import { HostDaemon, type Variables } from '../host-daemon.ts';
import { DEVICE_PREFIX, type Peer, TUNNEL_MTU, type Tunnel } from '../peer.ts';

/** Makes the datapath put one frame into each datagram, where the build has this switch. */
const SINGLE = 'EVIO_SINGLE_FRAMES';
const ADDON = join(ROOT, 'packages/datapath/build/Release/datapath.node');

/** Two agents with the lab's hub, as anybody would configure them. */
export const evio: Peer = {
  name: 'evio',
  configuration:
    'AES-256-GCM, the configuration that the hub makes for a node: the agents find each other by XMPP and ICE. Its device has this MTU by default.',
  prepare: version,
  install: (lab, left, right) => agentPair(lab, left, right, { net: '10.74.0', env: {} }),
};

/** The same build, one frame per datagram: what super-frames are measured against. */
export const evioSingle: Peer = {
  name: 'evio-single',
  configuration: 'Evio with one frame per datagram instead of super-frames.',
  prepare: async () => ((await readFile(ADDON)).includes(SINGLE) ? version() : undefined),
  install: (lab, left, right) =>
    agentPair(lab, left, right, { net: '10.75.0', env: { [SINGLE]: '1' } }),
};

async function version(): Promise<string> {
  return (await run([EVIO, '--version'])).stdout.trim();
}

interface AgentPlan {
  /** First three numbers of its /24. */
  readonly net: string;
  readonly env: Variables;
}

async function agentPair(lab: Lab, left: Host, right: Host, plan: AgentPlan): Promise<Tunnel> {
  const { net, env } = plan;
  const suffix = Object.keys(env).length === 0 ? '' : '-single';
  const agents: Agent[] = [];
  for (const [index, host] of [left, right].entries()) {
    const { dir } = await lab.hub.addNode(`${host.name}${suffix}`);
    const directory = join(lab.directory, 'evio', `${host.name}${suffix}`);
    const agent = await Agent.prepare(host, directory, dir, config => {
      const [overlay] = config.overlays;
      if (overlay?.interface === undefined) throw new Error('the hub made no interface');
      overlay.interface.name = `${DEVICE_PREFIX}evio${suffix}`;
      overlay.interface.address = [`${net}.${index + 1}/24`];
      overlay.interface.mtu = TUNNEL_MTU;
      // The other products' addresses are no way to a peer.
      overlay.ice = { ...overlay.ice, ignore_interfaces: [`${DEVICE_PREFIX}*`] };
    });
    agents.push(agent);
  }
  let daemons: HostDaemon[] = [];
  const answering = () =>
    Promise.all(daemons.map((daemon, i) => daemon.until('answers', () => answers(agents[i]))));
  return {
    leftAddress: `${net}.1`,
    rightAddress: `${net}.2`,
    start: async () => {
      daemons = agents.map(({ host, directory, logFile }) => {
        const up = [EVIO, 'up', '--config', join(directory, 'evio.yaml')];
        return new HostDaemon(host, up, logFile, env);
      });
      await answering();
    },
    stop: async () => {
      await Promise.all(daemons.map(daemon => daemon.stop()));
      daemons = [];
    },
    daemons: () => daemons,
    onlineAt: async () => {
      // A connection that was kept from an earlier question may be closed under this one.
      await answering();
      const overlays = await Promise.all(agents.map(agent => agent.overlay()));
      return Math.max(...overlays.map(({ signaling }) => Date.parse(signaling.since)));
    },
  };
}

/** Whether the agent answers, and has its overlay, whose device is up then. */
async function answers(agent: Agent | undefined): Promise<boolean> {
  try {
    return (await agent?.status())?.overlays.length === 1;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'AGENT_DOWN') return false;
    throw error;
  }
}
