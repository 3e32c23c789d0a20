import { X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { EvioError } from '@evio/types';
import type { Context } from '../context.ts';

/**
 * `evio config import OLD.json`: prints the `evio.yaml` that does what an EdgeVPN.io configuration
 * did, and writes the passwords out of it into files of mode 0600.
 */
export async function configImport(
  { output }: Context,
  file: string,
  options: { readonly secrets?: string; readonly json?: boolean },
): Promise<void> {
  const { importConfig } = await import('@evio/agent/edgevpn');
  const directory = resolve(options.secrets ?? dirname(file));
  const imported = importConfig(readOld(file), { directory, accountOf });
  mkdirSync(directory, { recursive: true });
  for (const secret of imported.secrets) writeSecret(secret.file, secret.content);
  const files = imported.secrets.map(secret => secret.file);
  const { yaml, warnings } = imported;
  if (options.json) return output.json({ yaml, warnings, secretFiles: files });
  output.print(yaml.trimEnd());
  for (const secret of files) output.warn(`wrote ${secret}`);
  for (const warning of warnings) output.warn(`warning: ${warning}`);
}

function readOld(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { message } = error as Error;
    throw new EvioError('IMPORT_INVALID', `${file} cannot be read: ${message}`, { cause: error });
  }
}

/** Writes a new file, or leaves one that says the same; never overwrites another. */
function writeSecret(file: string, content: string): void {
  try {
    writeFileSync(file, content, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if (readFileSync(file, 'utf8') === content) return;
    throw new EvioError(
      'IMPORT_REFUSED',
      `${file} is there with another content; move it away or name another directory by --secrets`,
      { cause: error },
    );
  }
}

/** The common name of a certificate when it is an account (what Openfire's guide makes). */
function accountOf(certificateFile: string): string | undefined {
  try {
    const { subject } = new X509Certificate(readFileSync(certificateFile));
    return /(?:^|\n)CN=([^\n]+@[^\n]+)/.exec(subject)?.[1];
  } catch {
    // Not on this host, or not a certificate: the importer then asks for the account.
    return undefined;
  }
}
