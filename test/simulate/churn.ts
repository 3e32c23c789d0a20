import { type LiveFloodResult, LiveFloods } from './live-floods.ts';
import { pick } from './measure.ts';
import type { Network } from './network.ts';
import { walk } from './walk.ts';

export interface ChurnResult {
  readonly percentPerMinute: number;
  readonly seconds: number;
  readonly joined: number;
  readonly left: number;
  readonly lookups: number;
  /** Arrived with the first datagram. */
  readonly firstTry: number;
  /** Arrived with one of three datagrams, sent 1 s and 2 s after one another, as ARP and TCP do. */
  readonly succeeded: number;
  readonly messagesPerNodeMinute: number;
  /** Broadcasts that were under way meanwhile. */
  readonly broadcasts: LiveFloodResult;
}

/** One broadcast in so many ms, from a random node. */
const BROADCAST_MS = 3_000;
const RETRIES_MS = [1_000, 2_000];
/** The last lookups and repairs are waited for. */
const LAST_MS = 12_000;
/** A joiner is asked for once it has had time to link. */
const SETTLED_MS = 5_000;

/** Nodes come and crash all the time (none says goodbye) while others are looked up. */
export function churn(
  network: Network,
  percentPerMinute: number,
  seconds: number,
  lookups: number,
): ChurnResult {
  const start = network.now;
  const end = start + seconds * 1000;
  const changes = Math.round((network.living.length * percentPerMinute * seconds) / 6000);
  const fresh = new Set<unknown>();
  for (let index = 0; index < changes; index += 1) {
    const at = () => network.random.between(0, seconds * 1000);
    network.queue.after(at(), () => network.crash(pick(network)));
    network.queue.after(at(), () => {
      const node = network.join(false, [pick(network)]);
      fresh.add(node);
      network.queue.after(SETTLED_MS, () => void fresh.delete(node));
    });
  }
  let firstTry = 0;
  let succeeded = 0;
  let asked = 0;
  const attempt = (from: ReturnType<typeof pick>, to: ReturnType<typeof pick>, tries: number) => {
    // An end that died meanwhile is no fault of the overlay.
    if (!from.alive || !to.alive) {
      asked -= 1;
      return;
    }
    if (walk(network, from, to).arrived) {
      if (tries === 0) firstTry += 1;
      succeeded += 1;
      return;
    }
    const wait = RETRIES_MS[tries];
    if (wait !== undefined) network.queue.after(wait, () => attempt(from, to, tries + 1));
  };
  for (let index = 0; index < lookups; index += 1) {
    network.queue.after(network.random.between(0, seconds * 1000), () => {
      const [from, to] = [pick(network), pick(network)];
      if (from === to || fresh.has(from) || fresh.has(to)) return;
      asked += 1;
      attempt(from, to, 0);
    });
  }
  const broadcasts = new LiveFloods(network);
  for (let at = 0; at < seconds * 1000; at += BROADCAST_MS) {
    network.queue.after(at, () => broadcasts.begin(pick(network)));
  }
  const before = network.transport.messages;
  network.queue.runUntil(end);
  const messages = network.transport.messages - before;
  network.queue.runUntil(end + LAST_MS);
  broadcasts.stop();
  return {
    percentPerMinute,
    seconds,
    joined: changes,
    left: changes,
    lookups: asked,
    firstTry: firstTry / asked,
    succeeded: succeeded / asked,
    messagesPerNodeMinute: (messages / network.living.length / seconds) * 60,
    broadcasts: broadcasts.result(),
  };
}
