import { existsSync, rmSync } from 'node:fs';
import { dirname, join as joinPath, resolve } from 'node:path';
import { writePrivateFile } from '@evio/session';
import { fetchPinnedAuthority } from '@evio/signaling';
import { EvioError, type Invitation } from '@evio/types';
import { ConfigError, loadConfig, parseConfig } from '../config/index.ts';
import { ControlClient } from '../control/control-client.ts';
import { hostProbes } from '../doctor/check-host.ts';
import { readConfigText } from './config-file.ts';
import { type Presence, presenceOf, withOverlays } from './config-text.ts';
import { firstPeer } from './first-peer.ts';
import { checkHost, requireRoot } from './host.ts';
import { overlayFiles, pendingFile } from './overlay-files.ts';
import { nodeOf, ownPassword, refuseExpired } from './own-password.ts';
import { agentAnswers, type Service, systemdService } from './service.ts';
import { done, type Step, StepError } from './step.ts';

const REACH_MS = 10_000;

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
  const { present, replaces } = checkFiles(options, before, directory, existsSync(pending));
  if (!present && !existsSync(pending)) refuseExpired(invitation, now);
  yield done('host', checkHost(hostProbes()));

  const hub = await findHub(invitation, present && !existsSync(pending));
  yield hub.step;
  if (!hub.away) {
    const { ca } = hub;
    const configured = present ? configuredPassword(configFile, invitation) : undefined;
    const { password, kept } = await ownPassword({ invitation, ca, configured, pending, now });
    const own = kept ? 'already has a password of its own' : 'has a password of its own now';
    yield done('account', `${invitation.account} ${own}`);
    if (!present || password !== configured) {
      writeFiles({ invitation, configFile, before, ca, password, present });
    }
  }
  rmSync(pending, { force: true });
  const addresses = invitation.overlays.map(({ name, address }) => `${name} ${address}`).join(', ');
  yield done('files', `${configFile}: ${addresses}`);

  const { controlSocket } = loadConfig(configFile);
  const service = options.noService ? undefined : await systemdService(hostProbes().run);
  const started = await startAgent(service, controlSocket, replaces);
  if (started === undefined) {
    const how = `start the agent: evio up --config ${configFile}`;
    const why = options.noService ? 'not asked to start it' : 'systemd does not run evio here';
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

/** @returns whether the configuration has all overlays of the invitation, or others in their place. */
function checkFiles(
  { invitation, configFile, force }: JoinOptions,
  before: string | undefined,
  directory: string,
  begun: boolean,
): { readonly present: boolean; readonly replaces: boolean } {
  const is = (wanted: Presence) => (presence: Presence) => presence === wanted;
  const presences = invitation.overlays.map(overlay => presenceOf(before, invitation, overlay));
  if (before !== undefined) checkConfig(configFile);
  for (const [index, { name }] of invitation.overlays.entries()) {
    if (force || presences[index] === 'same') continue;
    if (presences[index] === 'other') {
      throw new StepError(
        'files',
        'JOIN_OVERLAY_EXISTS',
        `${configFile} has another overlay ${name} already`,
        `leave that one first (evio leave ${name}), or replace it with --force`,
      );
    }
    const files = Object.values(overlayFiles(name)).map(file => joinPath(directory, file));
    const taken = files.find(file => existsSync(file));
    if (taken !== undefined && !begun) {
      throw new StepError(
        'files',
        'JOIN_FILE_EXISTS',
        `${taken} is there already, and no overlay ${name} in ${configFile}`,
        'move it away, or replace it with --force',
      );
    }
  }
  return { present: presences.every(is('same')), replaces: presences.some(is('other')) };
}

function checkConfig(configFile: string): void {
  try {
    loadConfig(configFile);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const mend = `mend it first: evio check --config ${configFile}`;
    throw new StepError('files', error.code, error.message, mend, { cause: error });
  }
}

/** The hub's certificate; or, for a host that has joined, that the hub is away. */
type FoundHub =
  | { readonly away: true; readonly step: Step }
  | { readonly away: false; readonly step: Step; readonly ca: string | undefined };

const AWAY: ReadonlySet<string> = new Set(['XMPP_UNREACHABLE', 'XMPP_TIMEOUT']);

/** A host that has joined needs no hub to start: the overlay lives without it. */
async function findHub(invitation: Invitation, hasJoined: boolean): Promise<FoundHub> {
  const { service, account, pin } = invitation;
  if (pin === undefined) {
    const step = done('hub', `${service} is to have a certificate of a public authority`);
    return { away: false, step, ca: undefined };
  }
  const domain = account.slice(account.indexOf('@') + 1);
  try {
    const ca = await fetchPinnedAuthority({ service, domain, pin, timeoutMs: REACH_MS });
    return { away: false, step: done('hub', `${service} shows the invitation's certificate`), ca };
  } catch (error) {
    if (!(error instanceof EvioError)) throw error;
    if (hasJoined && AWAY.has(error.code)) {
      const finding = `${error.message}; this host has joined before and goes on without it`;
      return { away: true, step: { step: 'hub', state: 'look at', finding } };
    }
    const mend =
      error.code === 'PIN_MISMATCH'
        ? 'start the hub again (evio hub up) if it is older than the invitation; then ask for a new ' +
          `one: evio hub invite ${nodeOf(account)}`
        : `see that the hub runs (evio hub up), and that TCP to ${service} is let through`;
    throw new StepError('hub', error.code, error.message, mend, { cause: error });
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
