import { randomBytes } from 'node:crypto';
import { SignalingClient, type SignalingOptions } from '@evio/signaling';
import type { OverlayConfig } from '../config/index.ts';
import type { Logger } from '../system/index.ts';
import type { NamedServer } from '../underlay/resolve-servers.ts';
import type { CheckResult } from './check-result.ts';

/** How long the log-in may take, and then the list of servers. Milliseconds. */
const LOGIN_PATIENCE = 15_000;
const SERVERS_PATIENCE = 3000;

export interface SignalingFinding {
  readonly result: CheckResult;
  /** STUN and TURN servers that the XMPP server offers (XEP-0215). */
  readonly servers: readonly NamedServer[];
}

/** Logs in to an overlay's server as the agent would, with a resource of its own, and out again. */
export async function checkSignaling(
  { name, xmpp }: OverlayConfig,
  logger: Logger,
): Promise<SignalingFinding> {
  const { group, allowPlain, ...login } = xmpp;
  const options: SignalingOptions = {
    ...login,
    group,
    allowPlain,
    resource: `evio.doctor.${randomBytes(4).toString('hex')}`,
    random: bytes => new Uint8Array(randomBytes(bytes)),
    logger,
  };
  const client = new SignalingClient(options);
  const check = { id: `xmpp ${name}`, title: `XMPP log-in (${name})` };
  const started = performance.now();
  try {
    const failure = await loggedIn(client);
    if (failure !== undefined) {
      const mend = 'see xmpp in evio.yaml: jid, password_file, service, ca';
      return { result: { ...check, state: 'broken', finding: failure, mend }, servers: [] };
    }
    const milliseconds = Math.round(performance.now() - started);
    const servers = await firstServers(client);
    const finding = `${xmpp.jid} logged in within ${milliseconds} ms`;
    return { result: { ...check, state: 'fine', finding }, servers };
  } finally {
    await client.stop();
  }
}

/** @returns why it failed, undefined when it did not. */
function loggedIn(client: SignalingClient): Promise<string | undefined> {
  return new Promise(resolve => {
    let last = 'the server does not answer';
    const timer = setTimeout(() => end(last), LOGIN_PATIENCE);
    const subscription = client.state.subscribe(({ state, error }) => {
      if (error) last = error.message;
      if (state === 'online') end(undefined);
      // Offline with a reason: the first attempt failed, and the next would too.
      else if (state === 'offline' && error) end(last);
    });
    const end = (failure: string | undefined) => {
      clearTimeout(timer);
      // The state may be told before there is a subscription to end.
      queueMicrotask(() => subscription.unsubscribe());
      resolve(failure);
    };
    client.start();
  });
}

function firstServers(client: SignalingClient): Promise<readonly NamedServer[]> {
  return new Promise(resolve => {
    const timer = setTimeout(() => end([]), SERVERS_PATIENCE);
    const subscription = client.iceServers.subscribe(servers => {
      if (servers.length > 0) end(servers);
    });
    const end = (servers: readonly NamedServer[]) => {
      clearTimeout(timer);
      queueMicrotask(() => subscription.unsubscribe());
      resolve(servers);
    };
  });
}
