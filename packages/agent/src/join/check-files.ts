import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Invitation } from '@evio/types';
import { ConfigError, loadConfig } from '../config/index.ts';
import { type Presence, presenceOf } from './config-text.ts';
import { overlayFiles } from './overlay-files.ts';
import { StepError } from './step.ts';

export interface FilesToCheck {
  readonly invitation: Invitation;
  /** Absolute path. */
  readonly configFile: string;
  /** Its text; undefined when there is none. */
  readonly before: string | undefined;
  /** What is there may be replaced. */
  readonly force: boolean;
  /** A former run stopped while it wrote: files of the overlay are its own. */
  readonly begun: boolean;
}

export interface FilesFound {
  /** The configuration has all overlays of the invitation. */
  readonly present: boolean;
  /** It has others of their names, to be replaced. */
  readonly replaces: boolean;
}

/**
 * Sees whether an invitation's overlays fit into what is there, before anything is touched.
 *
 * @throws StepError `JOIN_OVERLAY_EXISTS`, `JOIN_FILE_EXISTS`, `CONFIG_INVALID`
 */
export function checkFiles(files: FilesToCheck): FilesFound {
  const { invitation, configFile, before, force, begun } = files;
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
    const files = Object.values(overlayFiles(name)).map(file => join(dirname(configFile), file));
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
