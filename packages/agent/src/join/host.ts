import { checkCapabilities, checkTun, type HostProbes } from '../doctor/check-host.ts';
import { StepError } from './step.ts';

/** @throws StepError `HOST_UNFIT` */
export function requireRoot(user = process.geteuid?.()): void {
  if (user === 0) return;
  const cause = 'only root may write the configuration and start the service';
  throw new StepError('host', 'HOST_UNFIT', cause, 'run it as root, by sudo for example');
}

/**
 * Whether an agent could work here.
 *
 * @returns what was found.
 * @throws StepError `HOST_UNFIT`
 */
export function checkHost(probes: HostProbes, user = process.geteuid?.()): string {
  requireRoot(user);
  const findings = [checkTun(probes), checkCapabilities(probes)].map(result => {
    if (result.state === 'broken') {
      throw new StepError('host', 'HOST_UNFIT', result.finding, result.mend ?? 'evio doctor');
    }
    return result.finding;
  });
  return `root; ${findings.join('; ')}`;
}
