import { existsSync, rmSync } from 'node:fs';
import { dirname, join as joinPath, resolve } from 'node:path';
import { writePrivateFile } from '@evio/session';
import { EvioError, type Invitation } from '@evio/types';
import { loadConfig, parseConfig } from '../config/index.ts';
import { ControlClient } from '../control/control-client.ts';
import { hostProbes } from '../doctor/check-host.ts';
import { checkFiles } from './check-files.ts';
import { readConfigText } from './config-file.ts';
import { withOverlays } from './config-text.ts';
import { findHub, goesOn, isAway } from './find-hub.ts';
import { firstPeer } from './first-peer.ts';
import { checkHost, requireRoot } from './host.ts';
import { overlayFiles, pendingFile } from './overlay-files.ts';
import { ownPassword, refuseExpired } from './own-password.ts';
import { agentAnswers, type Service, systemdService } from './service.ts';
import { done, type Step, StepError } from './step.ts';

export interface JoinOptions {
  readonly invitation: Invitation;
  readonly configFile: string;
  /** Replace an overlay of the same name that is another's. */
  readonly force: boolean;
  /** Leave the service alone; an agent that runs is still told. */
  readonly noService: boolean;
  /** For the sign-in and for the first peer's answer, each, in milliseconds. */
  readonly patienceMs: number;
}

/**
 * Makes this host a member, step by step:
 *
 *   1. `invitation`, `files`: what is wrong with either is said before anything is touched.
 *   2. `host`: root, TUN device, capabilities.
 *   3. `hub`: reached, and it shows the certificate of the invitation.
 *   4. `account`: gets a password that only this host knows.
 *   5. `files`: the secrets, and last the configuration that names them.
 *   6. `service`: the agent is started, or told; `online`, `peer`: it has signed in, and somebody
 *      answers.
 *
 * Each step finds what a former run has done, so that one that stopped goes on by the same command.
 *
 * @throws StepError
 */
export async function* join(options: JoinOptions): AsyncGenerator<Step> {
  requireRoot();
  const { invitation } = options;
  const configFile = resolve(options.configFile);
  const directory = dirname(configFile);
  const pending = pendingFile(directory, invitation.account);
  const now = Date.now() / 1000;

  const before = readConfigText(configFile);
  const begun = existsSync(pending);
  const { present, replaces } = checkFiles({ ...options, configFile, before, begun });
  if (!present && !begun) refuseExpired(invitation, now);
  yield done('host', checkHost(hostProbes()));

  const hasJoined = present && !begun;
  const hub = await findHub(invitation, hasJoined);
  yield hub.step;
  if (!hub.away) {
    const { ca } = hub;
    const configured = present ? configuredPassword(configFile, invitation) : undefined;
    try {
      const { password, kept } = await ownPassword({ invitation, ca, configured, pending, now });
      const own = kept ? 'already has a password of its own' : 'has a password of its own now';
      yield done('account', `${invitation.account} ${own}`);
      if (!present || password !== configured) {
        writeFiles({ invitation, configFile, before, ca, password, present });
      }
    } catch (error) {
      if (!hasJoined || !isAway(error)) throw error;
      yield goesOn(error);
    }
  }
  rmSync(pending, { force: true });
  const addresses = invitation.overlays.map(({ name, address }) => `${name} ${address}`).join(', ');
  yield done('files', `${configFile}: ${addresses}`);

  const { controlSocket } = loadConfig(configFile);
  const service = options.noService ? undefined : await systemdService(configFile);
  const started = await startAgent(service, controlSocket, replaces);
  if (started === undefined) {
    const how = `start the agent: evio up --config ${configFile}`;
    const why = options.noService
      ? 'not asked to start it'
      : `systemd does not run evio with ${configFile} here`;
    yield { step: 'service', state: 'look at', finding: `${why}; ${how}` };
    return;
  }
  yield done('service', started);
  const client = new ControlClient(controlSocket);
  for (const { name } of invitation.overlays) {
    const { patienceMs } = options;
    yield* firstPeer({ client, overlay: name, account: invitation.account, patienceMs });
  }
}

function configuredPassword(configFile: string, { overlays }: Invitation): string | undefined {
  const config = loadConfig(configFile);
  return config.overlays.find(({ name }) => name === overlays[0]?.name)?.xmpp.password;
}

interface Written {
  readonly invitation: Invitation;
  readonly configFile: string;
  readonly before: string | undefined;
  readonly ca: string | undefined;
  readonly password: string;
  readonly present: boolean;
}

/** The secrets first: a configuration never names a file that is not there. */
function writeFiles({ invitation, configFile, before, ca, password, present }: Written): void {
  const directory = dirname(configFile);
  for (const { name } of invitation.overlays) {
    const files = overlayFiles(name);
    writePrivateFile(joinPath(directory, files.password), `${password}\n`);
    if (ca !== undefined) writePrivateFile(joinPath(directory, files.ca), ca);
  }
  if (present) return;
  const text = withOverlays(before, invitation);
  parseConfig(configFile, text); // what the agent would not read is not written
  writePrivateFile(configFile, text);
}

/**
 * @param replaces another account of an overlay is taken over by a restart only.
 * @returns what was done; undefined when nobody runs the agent.
 */
async function startAgent(
  service: Service | undefined,
  socket: string,
  replaces: boolean,
): Promise<string | undefined> {
  try {
    if (service !== undefined) return await service.start({ restart: replaces });
    if (!(await agentAnswers(socket))) return undefined;
    const { needsRestart } = await new ControlClient(socket).reload();
    if (needsRestart.length > 0) {
      const cause = `the agent that runs can't take over: ${needsRestart.join('; ')}`;
      throw new StepError('service', 'RESTART_NEEDED', cause, 'restart it');
    }
    return 'the agent that runs has read its configuration again';
  } catch (error) {
    if (!(error instanceof EvioError) || error instanceof StepError) throw error;
    const mend = 'see: journalctl -u evio; evio check; evio doctor';
    throw new StepError('service', error.code, error.message, mend, { cause: error });
  }
}
