import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CandidateGatherer,
  type IceServer,
  type LocalCandidate,
  type Mapping,
  StunDemux,
} from '@evio/traversal';
import { addressFamily, formatEndpoint } from '@evio/types';
import type { CheckResult } from './check-result.ts';
import { classifyMapping } from './nat-mapping.ts';

/** How long servers have to answer. Milliseconds. */
const PATIENCE = 3000;
const STEP = 20;

/** What STUN and TURN servers told about one local address. */
export interface ServerAnswers {
  readonly mappings: readonly Mapping[];
  readonly candidates: readonly LocalCandidate[];
}

/**
 * Asks STUN and TURN servers over UDP from one socket, as the agent would, and waits for all of
 * them, but at most {@link PATIENCE}.
 */
export async function askServers(
  address: string,
  servers: readonly IceServer[],
): Promise<ServerAnswers> {
  const family = addressFamily(address);
  const socket = createSocket(family === 4 ? 'udp4' : 'udp6');
  try {
    socket.bind(0, address);
    await once(socket, 'listening');
    return await gather(socket, address, servers);
  } finally {
    socket.close();
  }
}

async function gather(
  socket: Socket,
  address: string,
  servers: readonly IceServer[],
): Promise<ServerAnswers> {
  const family = addressFamily(address);
  const { port } = socket.address();
  const random = (bytes: number) => new Uint8Array(randomBytes(bytes));
  const gatherer = new CandidateGatherer({
    random,
    allowLoopback: true,
    ...(family === 4 ? { port4: port } : { port6: port }),
  });
  const demux = new StunDemux(gatherer);
  // An ICMP error for one server says nothing about the others.
  socket.on('error', () => undefined);
  socket.on('message', (bytes, remote) => {
    const from = { address: remote.address, port: remote.port };
    demux.receive(performance.now(), bytes, {
      kind: 'host',
      local: { address, port },
      remote: from,
    });
  });
  const udp = servers.filter(
    ({ transport, endpoint }) => transport === 'udp' && addressFamily(endpoint.address) === family,
  );
  gatherer.setServers(performance.now(), udp);
  gatherer.setLocalAddresses(performance.now(), [address]);
  const end = performance.now() + PATIENCE;
  const wanted = new Set(udp.map(({ endpoint }) => formatEndpoint(endpoint))).size;
  while (performance.now() < end && gatherer.mappings.length < wanted) {
    gatherer.tick(performance.now());
    for (let output = gatherer.poll(); output; output = gatherer.poll()) {
      if (output.type !== 'transmit' || output.via.kind !== 'uplink') continue;
      const { uplink } = output.via;
      if (uplink.kind !== 'udp') continue;
      socket.send(output.bytes, uplink.server.port, uplink.server.address, () => undefined);
    }
    await sleep(STEP);
  }
  return { mappings: gatherer.mappings, candidates: gatherer.candidates };
}

/** What a person should know of a host's NAT, from what servers saw of one of its addresses. */
export function describeNat(
  overlay: string,
  address: string,
  servers: readonly IceServer[],
  mappings: readonly Mapping[],
): CheckResult {
  const check = { id: `nat ${overlay} ${address}`, title: `NAT (${overlay}, from ${address})` };
  const [first] = mappings;
  if (!first) {
    const streams = servers.some(({ transport }) => transport !== 'udp');
    return {
      ...check,
      state: streams ? 'uneasy' : 'broken',
      finding: 'no STUN server answers over UDP',
      mend: streams
        ? 'let UDP out; until then links go by TURN over TCP or TLS'
        : 'let UDP out to the STUN server, or offer TURN over TCP or TLS',
    };
  }
  const seen = formatEndpoint(first.mapped);
  switch (classifyMapping(mappings)) {
    case 'none':
      return { ...check, state: 'fine', finding: 'none: the address is public as it is' };
    case 'endpoint-independent':
      return { ...check, state: 'fine', finding: `seen as ${seen} by all: links can be direct` };
    case 'undecided':
      return {
        ...check,
        state: 'fine',
        finding: `seen as ${seen}; one server alone does not tell the kind of NAT`,
      };
    case 'address-dependent':
      return {
        ...check,
        state: 'uneasy',
        finding: `symmetric: each server sees another port (${mappings.map(({ mapped }) => formatEndpoint(mapped)).join(', ')})`,
        mend: 'links to hosts behind such a NAT go by TURN; set listen.port and forward that UDP port to be reached directly',
      };
  }
}
