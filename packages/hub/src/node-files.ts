import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { type Layout, type NodeFiles, nodeFiles } from './layout.ts';
import { renderNodeConfig } from './node-config.ts';
import { writeAtomic, writeOwned } from './owned-file.ts';
import type { HubSettings } from './settings.ts';

/** Writes `evio.yaml` and `ca.pem` into a node's folder. */
export function writeNodeConfig(
  settings: HubSettings,
  layout: Layout,
  name: string,
  force: boolean,
): NodeFiles {
  const files = nodeFiles(layout, name);
  mkdirSync(files.dir, { recursive: true, mode: 0o700 });
  const body = renderNodeConfig(settings, name);
  writeOwned(files.config, 'hash', body, { mode: 0o600, force });
  const authority = readFileSync(layout.ca.certificate, 'utf8');
  if (!existsSync(files.ca) || readFileSync(files.ca, 'utf8') !== authority) {
    writeAtomic(files.ca, authority, { mode: 0o644 });
  }
  return files;
}

/** The node's password: made once, 192 random bits, then read back. */
export function nodePassword(files: NodeFiles): string {
  if (!existsSync(files.password)) {
    mkdirSync(files.dir, { recursive: true, mode: 0o700 });
    writeAtomic(files.password, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 });
  }
  return readFileSync(files.password, 'utf8').trim();
}
