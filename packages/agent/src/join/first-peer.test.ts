import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EvioError } from '@evio/types';
import { peer, pingReply, status } from '../control/fixture.ts';
import type { AgentStatus, PeerStatus } from '../control/index.ts';
import { firstPeer } from './first-peer.ts';
import type { Step, StepError } from './step.ts';

const DOWN: PeerStatus['session'] = { state: 'down', cipher: null, ageSeconds: null };

function offline(error?: string): AgentStatus {
  const { overlays, ...rest } = status([]);
  return {
    ...rest,
    overlays: overlays.map(overlay => ({
      ...overlay,
      signaling: { ...overlay.signaling, state: 'offline', ...(error !== undefined && { error }) },
    })),
  };
}

/** Runs it against an agent that is so at each moment; time passes only by waiting. */
async function watch(
  at: (seconds: number) => AgentStatus | undefined,
  rttMs: number | null = 1.5,
): Promise<{ steps: string[]; failure?: StepError }> {
  let time = 0;
  const target = { ...peer('b'), overlay: 'edge' };
  const steps: string[] = [];
  try {
    for await (const step of firstPeer({
      overlay: 'edge',
      account: 'edge-a@example.org',
      patienceMs: 60_000,
      now: () => time,
      pause: async milliseconds => {
        time += milliseconds;
      },
      client: {
        status: async () => {
          const answer = at(time / 1000);
          if (answer === undefined) throw new EvioError('AGENT_DOWN', 'down');
          return answer;
        },
        async *ping() {
          yield { target };
          yield { reply: pingReply(1, rttMs) };
        },
      },
    })) {
      steps.push(line(step));
    }
  } catch (error) {
    return { steps, failure: error as StepError };
  }
  return { steps };
}

const line = ({ step, state, finding }: Step) => `${step} ${state}: ${finding}`;

test('it tells what it waits for, until a peer has answered', async () => {
  const { steps } = await watch(seconds => {
    if (seconds < 1) return undefined;
    if (seconds < 2) return offline();
    if (seconds < 3) return status([]);
    return status([peer('b', seconds < 4 ? { session: DOWN } : {})]);
  });
  assert.deepEqual(steps, [
    'online waiting: the agent takes edge over',
    'online waiting: signing in',
    'online done: edge-a@example.org has signed in',
    'peer waiting: looking for other members',
    'peer waiting: making a link to edge-b (10.10.0.2)',
    'peer done: edge-b (10.10.0.2) answers in 1.5 ms, direct',
  ]);
});

test('the first node of an overlay is done when nobody else shows up', async () => {
  const { steps } = await watch(() => status([]));
  assert.equal(steps.at(-1), 'peer done: no other member is there yet: this node is the first');
});

test('a hub that refuses the login is named with its reason', async () => {
  const { failure } = await watch(() => offline('the server refused the login'));
  assert.equal(failure?.step, 'online');
  assert.match(failure?.message ?? '', /not signed in within 60 s: the server refused the login/);
});

test('peers that never answer are named', async () => {
  const { failure } = await watch(() => status(), null);
  assert.equal(failure?.code, 'PEER_TIMEOUT');
  assert.match(failure?.message ?? '', /no answer within 60 s from edge-b \(10\.10\.0\.2\)/);
  assert.match(failure?.mend ?? '', /evio doctor/);
});
