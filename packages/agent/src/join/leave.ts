import { randomBytes } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { dirname, join as joinPath, resolve } from 'node:path';
import { PinStore, writePrivateFile } from '@evio/session';
import { withAccount } from '@evio/signaling';
import { EvioError } from '@evio/types';
import { type AgentConfig, loadConfig, type OverlayConfig } from '../config/index.ts';
import { ControlClient } from '../control/control-client.ts';
import { runCommand } from '../system/index.ts';
import { readConfigText } from './config-file.ts';
import { filesOf, withoutOverlay } from './config-text.ts';
import { requireRoot } from './host.ts';
import { nodeOf } from './own-password.ts';
import { agentAnswers, systemdService } from './service.ts';
import { done, type Step, StepError } from './step.ts';

export interface LeaveOptions {
  readonly configFile: string;
  /** May be left out where there is only one. */
  readonly overlay: string | undefined;
  /** Leave the service alone; an agent that runs is still told. */
  readonly noService: boolean;
  /** Do not give the account up. */
  readonly keepAccount: boolean;
}

/**
 * Takes this host out of an overlay: gives its account up where the hub lets it, takes the overlay
 * out of the configuration, stops the agent with the last one, and removes secrets, pinned keys and
 * the TAP. The node's identity stays, so that its peers know it when it comes back.
 *
 * @throws StepError; ConfigError when the configuration is wrong.
 */
export async function* leave(options: LeaveOptions): AsyncGenerator<Step> {
  requireRoot();
  const configFile = resolve(options.configFile);
  const config = loadConfig(configFile);
  const overlay = chosen(config, options.overlay);
  yield await giveUpAccount(config, overlay, options.keepAccount);

  const before = readConfigText(configFile) ?? '';
  const after = withoutOverlay(before, overlay.name);
  if (after === undefined) rmSync(configFile);
  else writePrivateFile(configFile, after);
  const left = after === undefined ? 'was removed' : `has no overlay ${overlay.name} any more`;
  yield done('files', `${configFile} ${left}`);

  const isLast = after === undefined;
  yield await tellAgent(config, isLast, options.noService);
  yield await clearUp(config, overlay, filesOf(before, after, overlay.name), isLast);
}

function chosen({ file, overlays }: AgentConfig, name: string | undefined): OverlayConfig {
  const names = overlays.map(each => each.name).join(', ');
  const [only] = overlays;
  if (name === undefined && overlays.length === 1 && only !== undefined) return only;
  if (name === undefined) {
    const mend = `name one: evio leave ${only?.name ?? 'OVERLAY'}`;
    throw new StepError('files', 'OVERLAY_UNKNOWN', `${file} has several overlays: ${names}`, mend);
  }
  const found = overlays.find(overlay => overlay.name === name);
  if (found !== undefined) return found;
  const cause = `${file} has no overlay ${name}`;
  throw new StepError('files', 'OVERLAY_UNKNOWN', cause, `it has: ${names}`);
}

async function giveUpAccount(
  config: AgentConfig,
  { name, xmpp }: OverlayConfig,
  keep: boolean,
): Promise<Step> {
  const { jid, group: _, ...login } = xmpp;
  const isShared = config.overlays.some(other => other.name !== name && other.xmpp.jid === jid);
  if (isShared) return done('account', `${jid} stays: another overlay uses it`);
  const tell = `take it out at the hub: evio hub remove-node ${nodeOf(jid)}`;
  if (keep) return { step: 'account', state: 'look at', finding: `${jid} stays; ${tell}` };
  try {
    const random = (bytes: number) => new Uint8Array(randomBytes(bytes));
    await withAccount({ jid, ...login, random }, account => account.unregister());
    return done('account', `${jid} was given up`);
  } catch (error) {
    if (!(error instanceof EvioError)) throw error;
    return { step: 'account', state: 'look at', finding: `${error.message}; ${tell}` };
  }
}

async function tellAgent(config: AgentConfig, isLast: boolean, noService: boolean): Promise<Step> {
  const { controlSocket } = config;
  try {
    const service = noService ? undefined : await systemdService(config.file);
    if (isLast && service !== undefined) return done('service', await service.stop());
    if (!(await agentAnswers(controlSocket))) return done('service', 'no agent runs');
    if (isLast) {
      const finding = 'the agent that was started by hand still runs: stop it';
      return { step: 'service', state: 'look at', finding };
    }
    await new ControlClient(controlSocket).reload();
    return done('service', 'the agent has read its configuration again');
  } catch (error) {
    if (!(error instanceof EvioError)) throw error;
    const mend = 'see: systemctl status evio; then: evio leave again';
    throw new StepError('service', error.code, error.message, mend, { cause: error });
  }
}

/** Removes what only this overlay used: files beside the configuration, pinned keys, the TAP. */
async function clearUp(
  { file, stateDir, controlSocket }: AgentConfig,
  overlay: OverlayConfig,
  files: readonly string[],
  isLast: boolean,
): Promise<Step> {
  const removed: string[] = [];
  for (const name of files) {
    const path = joinPath(dirname(file), name);
    if (!existsSync(path)) continue;
    rmSync(path);
    removed.push(name);
  }
  const pins = joinPath(stateDir, 'pins.json');
  if (existsSync(pins) && PinStore.open(pins).forgetOverlay(overlay.name)) {
    removed.push('pinned keys');
  }
  const { name: device } = overlay.interface;
  const isTap = existsSync(`/sys/class/net/${device}/tun_flags`);
  // An agent that was started by hand and has lost its last overlay still uses it.
  if (isTap && !(isLast && (await agentAnswers(controlSocket)))) {
    await runCommand('ip', ['link', 'delete', 'dev', device]);
    removed.push(device);
  }
  return done('files', `removed: ${removed.join(', ') || 'nothing was left'}`);
}
