import { setTimeout as sleep } from 'node:timers/promises';
import { EvioError } from '@evio/types';
import type { ControlClient } from '../control/control-client.ts';
import type { AgentStatus, OverlayStatus, PeerStatus } from '../control/index.ts';
import { done, type Step, StepError, waiting } from './step.ts';

const POLL_MS = 200;
/** Who signs in gets the presence of the others within moments. */
const ALONE_MS = 3_000;

export interface FirstPeerOptions {
  readonly client: Pick<ControlClient, 'status' | 'ping'>;
  readonly overlay: string;
  /** With which the agent is to sign in; it may still have another one's. */
  readonly account: string;
  /** For the sign-in and for the first answer, each, in milliseconds. */
  readonly patienceMs: number;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
  readonly pause?: (milliseconds: number) => Promise<unknown>;
}

/**
 * Waits until the agent has signed in to an overlay and a member of it has answered, telling what it
 * waits for whenever that changes. A node that is the first one there is done when it has signed in.
 *
 * @throws StepError `ONLINE_TIMEOUT`, `PEER_TIMEOUT`
 */
export async function* firstPeer(options: FirstPeerOptions): AsyncGenerator<Step> {
  const { now = () => performance.now(), pause = sleep, patienceMs, client } = options;
  let online: number | undefined;
  let told = '';
  let deadline = now() + patienceMs;
  for (;;) {
    const overlay = await statusOf(options);
    const signedIn = overlay?.signaling.state === 'online';
    if (signedIn && online === undefined) {
      online = now();
      deadline = online + patienceMs;
      yield done('online', `${overlay.signaling.jid} has signed in`);
    }
    if (signedIn && online !== undefined) {
      const peer = overlay.peers.find(({ session }) => session.state === 'up');
      const rttMs = peer && (await answer(client, peer, overlay.name));
      if (peer && typeof rttMs === 'number') {
        return yield done(
          'peer',
          `${describe(peer)} answers in ${rttMs.toFixed(1)} ms, ${peer.path.kind}`,
        );
      }
      if (overlay.peers.length === 0 && now() - online > ALONE_MS) {
        return yield done('peer', 'no other member is there yet: this node is the first');
      }
    }
    const state = waitingFor(overlay, options.overlay, online !== undefined);
    if (now() > deadline) throw late(overlay, online !== undefined, patienceMs);
    if (state.finding !== told) yield state;
    told = state.finding;
    await pause(POLL_MS);
  }
}

async function statusOf(options: FirstPeerOptions): Promise<OverlayStatus | undefined> {
  const { client, overlay, account } = options;
  let status: AgentStatus;
  try {
    status = await client.status();
  } catch (error) {
    if (error instanceof EvioError && error.code === 'AGENT_DOWN') return undefined;
    throw error;
  }
  return status.overlays.find(
    ({ name, signaling }) => name === overlay && signaling.jid === account,
  );
}

async function answer(
  client: FirstPeerOptions['client'],
  { id }: PeerStatus,
  overlay: string,
): Promise<number | null> {
  const request = { node: id, overlay, count: 1, intervalMs: 1_000, timeoutMs: 2_000 };
  try {
    for await (const line of client.ping({ ...request, datagramBytes: 0 })) {
      if ('reply' in line) return line.reply.rttMs;
    }
  } catch (error) {
    if (!(error instanceof EvioError)) throw error; // the peer has just gone
  }
  return null;
}

function waitingFor(overlay: OverlayStatus | undefined, name: string, online: boolean): Step {
  if (overlay === undefined) return waiting('online', `the agent takes ${name} over`);
  if (!online) return waiting('online', overlay.signaling.error ?? 'signing in');
  const [peer] = overlay.peers;
  if (peer === undefined) return waiting('peer', 'looking for other members');
  return waiting('peer', `making a link to ${describe(peer)}`);
}

function late(overlay: OverlayStatus | undefined, online: boolean, patienceMs: number): StepError {
  const within = `within ${Math.round(patienceMs / 1000)} s`;
  if (!online) {
    const why =
      overlay === undefined
        ? 'the agent does not answer, or does not have it'
        : (overlay.signaling.error ?? 'the hub does not answer');
    const mend = 'see: journalctl -u evio; and: evio doctor';
    return new StepError('online', 'ONLINE_TIMEOUT', `not signed in ${within}: ${why}`, mend);
  }
  const names = (overlay?.peers ?? []).map(describe).join(', ');
  const mend =
    'see why: evio doctor (is UDP let out?), evio peers; it goes on trying whether you wait or not';
  return new StepError('peer', 'PEER_TIMEOUT', `no answer ${within} from ${names}`, mend);
}

function describe({ name, addresses }: PeerStatus): string {
  const [address] = addresses;
  return address === undefined ? name : `${name} (${address.replace(/\/\d+$/, '')})`;
}
