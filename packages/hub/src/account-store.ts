import { randomUUID } from 'node:crypto';
import { closeSync, constants, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderAccount, storageName } from './account-file.ts';
import type { Layout } from './layout.ts';
import { runAs, serviceUser } from './service-user.ts';
import type { HubSettings } from './settings.ts';

/**
 * The accounts in Prosody's storage, one file each. Prosody reads them at every login and writes
 * them when somebody changes a password or unregisters; so they are also where we see that.
 */
export function accountsFolder({ domain }: HubSettings, layout: Layout): string {
  return join(layout.prosody.data, storageName(domain), 'accounts');
}

function accountFile(settings: HubSettings, layout: Layout, name: string): string {
  return join(accountsFolder(settings, layout), `${storageName(name)}.dat`);
}

export function hasAccount(settings: HubSettings, layout: Layout, name: string): boolean {
  return existsSync(accountFile(settings, layout, name));
}

/** Whether Prosody's storage is there at all: a lost one must not look like accounts that left. */
export function hasAccounts(settings: HubSettings, layout: Layout): boolean {
  return existsSync(accountsFolder(settings, layout));
}

/**
 * Gives an account a password, making it when it is new.
 *
 * @returns the salt: as long as the account has it, it has this password.
 */
export function writeAccount(
  settings: HubSettings,
  layout: Layout,
  name: string,
  password: string,
): string {
  const salt = randomUUID();
  runAs(
    serviceUser('prosody'),
    'umask 077; mkdir -p "$(dirname "$1")"; cat >"$1.new"; mv "$1.new" "$1"',
    [accountFile(settings, layout, name)],
    renderAccount(password, salt),
  );
  return salt;
}

/** The salt of an account, empty when its file shows none; undefined when there is no account. */
export function accountSalt(
  settings: HubSettings,
  layout: Layout,
  name: string,
): string | undefined {
  let file: number;
  try {
    // The folder belongs to Prosody's user, whom root does not follow elsewhere.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    file = openSync(accountFile(settings, layout, name), flags);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return /\bsalt(?:"\])? = "([^"]*)"/.exec(readFileSync(file, 'utf8'))?.[1] ?? '';
  } finally {
    closeSync(file);
  }
}

/** Deletes what Prosody stores about an account: `DOMAIN/STORE/NAME.dat` and `.list`. */
export function removeStorage({ domain }: HubSettings, layout: Layout, name: string): void {
  runAs(serviceUser('prosody'), 'rm -f -- "$1"/*/"$2".dat "$1"/*/"$2".list', [
    join(layout.prosody.data, storageName(domain)),
    storageName(name),
  ]);
}
