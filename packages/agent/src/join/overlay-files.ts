import { join } from 'node:path';

/** The files of an overlay beside the configuration. */
export interface OverlayFiles {
  /** As `evio.yaml` names them: relative to it. */
  readonly password: string;
  readonly ca: string;
}

export function overlayFiles(overlay: string): OverlayFiles {
  return { password: `${overlay}.password`, ca: `${overlay}.ca.pem` };
}

/** Where the new password is kept from before the account gets it until all files are written. */
export function pendingFile(directory: string, account: string): string {
  return join(directory, `.joining.${account}`);
}
