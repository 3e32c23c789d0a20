import { existsSync } from 'node:fs';
import { EvioError } from '@evio/types';
import { ControlClient } from '../control/control-client.ts';
import { type RunCommand, runCommandWithin } from '../system/index.ts';

const UNIT = 'evio.service';
/** What the unit starts the agent with. */
const CONFIG_FILE = '/etc/evio/evio.yaml';
/** systemctl waits for the unit, which has its own limits: TimeoutStopSec and TimeoutStartSec. */
const SYSTEMCTL_MS = 90_000;

/** What keeps the agent running on this host, as far as `evio join` and `evio leave` touch it. */
export interface Service {
  /**
   * Starts the agent, now and at each boot; one that runs reads its configuration again.
   *
   * @param options.restart instead of that, for what can't be taken over.
   */
  start(options: { readonly restart: boolean }): Promise<string>;
  /** Stops the agent, now and at each boot. */
  stop(): Promise<string>;
}

/** systemd, where it runs (sd_booted(3)), knows the unit, and the unit uses this configuration. */
export async function systemdService(
  configFile: string,
  run: RunCommand = runCommandWithin(SYSTEMCTL_MS),
  booted = existsSync('/run/systemd/system'),
): Promise<Service | undefined> {
  if (!booted || configFile !== CONFIG_FILE) return undefined;
  const known = await systemctl(run, ['cat', UNIT]);
  return known ? new SystemdService(run) : undefined;
}

class SystemdService implements Service {
  readonly #run: RunCommand;

  constructor(run: RunCommand) {
    this.#run = run;
  }

  async start({ restart }: { readonly restart: boolean }): Promise<string> {
    if (await systemctl(this.#run, ['is-active', '--quiet', UNIT])) {
      await this.#must([restart ? 'restart' : 'reload', UNIT]);
      await this.#must(['enable', UNIT]);
      return restart ? `${UNIT} was restarted` : `${UNIT} has read its configuration again`;
    }
    await this.#must(['enable', '--now', UNIT]);
    return `${UNIT} is enabled and started`;
  }

  async stop(): Promise<string> {
    await this.#must(['disable', '--now', UNIT]);
    return `${UNIT} is stopped and disabled`;
  }

  async #must(args: readonly string[]): Promise<void> {
    const { code, stderr } = await this.#run('systemctl', args);
    if (code === 0) return;
    const said = stderr.trim() || `exit code ${code}`;
    throw new EvioError('SERVICE_FAILED', `systemctl ${args.join(' ')}: ${said}`);
  }
}

async function systemctl(run: RunCommand, args: readonly string[]): Promise<boolean> {
  return (await run('systemctl', args)).code === 0;
}

/** Whether an agent answers; one that was started by hand is told of a change itself. */
export async function agentAnswers(socket: string): Promise<boolean> {
  try {
    await new ControlClient(socket).status();
    return true;
  } catch (error) {
    if (error instanceof EvioError && error.code === 'AGENT_DOWN') return false;
    throw error;
  }
}
