import { statSync } from 'node:fs';
import { accountsFolder } from './account-store.ts';
import { settleInvitations } from './invitations.ts';
import type { Layout } from './layout.ts';
import type { HubSettings } from './settings.ts';

const INTERVAL_MS = 1_000;

/**
 * Sees to it, while the hub runs, that an invitation ends in time and that who leaves is taken out.
 * Once a second it looks whether an account was written or an invitation's time is over; it reads
 * the accounts only then.
 */
export class InvitationKeeper {
  readonly #layout: Layout;
  readonly #log: (line: string) => void;
  readonly #timer: NodeJS.Timeout;
  #seen: string | undefined;
  #nextExpiry = 0;
  #lastFault = '';
  #looking: Promise<void> | undefined;

  /** @param settings for the place of the accounts. */
  constructor(settings: HubSettings, layout: Layout, log: (line: string) => void) {
    this.#layout = layout;
    this.#log = log;
    const accounts = accountsFolder(settings, layout);
    this.#timer = setInterval(() => {
      this.#looking ??= this.#look(accounts).finally(() => {
        this.#looking = undefined;
      });
    }, INTERVAL_MS);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  async #look(accounts: string): Promise<void> {
    const now = Date.now() / 1000;
    const written = [accounts, this.#layout.settings].map(writtenAt).join();
    if (written === this.#seen && now < this.#nextExpiry) return;
    try {
      const { invitations } = await settleInvitations(this.#layout, now);
      const open = Object.values(invitations).filter(({ joined }) => !joined);
      this.#nextExpiry = Math.min(...open.map(({ expires }) => expires));
      // As it was before we looked: what was written since is looked at in a second.
      this.#seen = written;
      this.#lastFault = '';
    } catch (error) {
      // It is tried again each second, and told once.
      const fault = error instanceof Error ? error.message : String(error);
      if (fault !== this.#lastFault) this.#log(`invitations: ${fault}`);
      this.#lastFault = fault;
    }
  }
}

/** Prosody and we replace files, which changes the time of their folder. */
function writtenAt(path: string): string {
  return String(statSync(path, { bigint: true, throwIfNoEntry: false })?.mtimeNs);
}
