import { statSync } from 'node:fs';
import { EvioError, isNodeId, type NodeId } from '@evio/types';
import { readPrivateFile, writePrivateFile } from './durable-file.ts';
import type { NodeRecord } from './node-record.ts';

/** Version of the file's form. */
const FORMAT = 1;

/** The keys with which an account was first seen. */
export interface Pin {
  readonly id: NodeId;
  /** Ed25519 public key in base64. */
  readonly signPublic: string;
  /** X25519 public key in base64. */
  readonly staticPublic: string;
  /** When it was pinned, ISO 8601. */
  readonly since: string;
}

/**
 * Trust on first use, kept in a file: the first key an account shows is pinned, another one later is
 * refused until the operator says that it is right.
 *
 * The file is JSON, `{ evioPins: 1, overlays: { NAME: { ACCOUNT: Pin } } }`. An edit by hand counts at
 * the next refusal or change, without a restart.
 */
export class PinStore {
  readonly #file: string;
  /** overlay → account → pin */
  #pins: Map<string, Map<string, Pin>>;
  #readAt: number | undefined;

  private constructor(file: string) {
    this.#file = file;
    this.#pins = read(file);
    this.#readAt = modified(file);
  }

  /**
   * Opens the pins in `file`; none when there is no such file yet.
   *
   * @throws EvioError `FILE_UNSAFE`, `FILE_UNREADABLE` or `PINS_DAMAGED`.
   */
  static open(file: string): PinStore {
    return new PinStore(file);
  }

  /**
   * Whether `record`, which came from `account` in `overlay`, may be trusted.
   *
   * @throws EvioError `RECORD_MISMATCH` when the record speaks of another account or overlay,
   * `KEY_CHANGED` when other keys are pinned for this account.
   */
  check(overlay: string, account: string, record: NodeRecord): { verdict: 'new' | 'known' } {
    if (record.overlay !== overlay || record.account !== account) {
      throw new EvioError(
        'RECORD_MISMATCH',
        `expected a node record of ${account} in overlay "${overlay}", got one of ` +
          `${record.account} in "${record.overlay}"`,
      );
    }
    let pin = this.#pins.get(overlay)?.get(account);
    if (pin !== undefined && !sameKeys(pin, record)) {
      this.#refresh();
      pin = this.#pins.get(overlay)?.get(account);
    }
    if (pin === undefined) return { verdict: 'new' };
    if (sameKeys(pin, record)) return { verdict: 'known' };
    throw new EvioError('KEY_CHANGED', this.#changed(overlay, account, pin, record));
  }

  /**
   * Pins the keys of `record` for `account`, durably. Pinning what is pinned writes nothing.
   *
   * @param now wall clock, milliseconds since 1970.
   * @throws EvioError `KEY_CHANGED` when others are pinned; `FILE_UNWRITABLE`.
   */
  pin(overlay: string, account: string, record: NodeRecord, now: number): void {
    this.#refresh(); // what was edited by hand must not be written over
    if (this.check(overlay, account, record).verdict === 'known') return;
    const accounts = this.#pins.get(overlay) ?? new Map<string, Pin>();
    this.#pins.set(overlay, accounts);
    accounts.set(account, {
      id: record.id,
      signPublic: base64(record.signPublic),
      staticPublic: base64(record.staticPublic),
      since: new Date(now).toISOString(),
    });
    try {
      this.#write();
    } catch (error) {
      accounts.delete(account); // not durable, so not pinned
      throw error;
    }
  }

  /**
   * Forgets what is pinned for `account`, in one overlay or in all, so that its next key is new.
   *
   * @returns whether anything was pinned.
   */
  forget(account: string, overlay?: string): boolean {
    this.#refresh();
    let found = false;
    for (const [name, accounts] of this.#pins) {
      if (overlay === undefined || overlay === name) found = accounts.delete(account) || found;
    }
    if (found) this.#write();
    return found;
  }

  /**
   * Forgets all that is pinned in an overlay, which this node has left.
   *
   * @returns whether anything was pinned.
   */
  forgetOverlay(overlay: string): boolean {
    this.#refresh();
    const found = this.#pins.delete(overlay);
    if (found) this.#write();
    return found;
  }

  /** Reads the file again. @throws as {@link open}; the pins stay as they were then. */
  reload(): void {
    this.#pins = read(this.#file);
    this.#readAt = modified(this.#file);
  }

  #refresh(): void {
    if (modified(this.#file) !== this.#readAt) this.reload();
  }

  #write(): void {
    const overlays = Object.fromEntries(
      [...this.#pins].map(([overlay, accounts]) => [overlay, Object.fromEntries(accounts)]),
    );
    const content = { evioPins: FORMAT, overlays };
    writePrivateFile(this.#file, `${JSON.stringify(content, undefined, 2)}\n`);
    this.#readAt = modified(this.#file);
  }

  #changed(overlay: string, account: string, pin: Pin, record: NodeRecord): string {
    const what =
      pin.id === record.id
        ? `its session key changed while its node id ${pin.id} stayed`
        : `since ${pin.since} it was node ${pin.id}, now it shows node ${record.id}`;
    return (
      `${account} in overlay "${overlay}" presents another key: ${what}. Either the host was ` +
      'reinstalled or somebody else uses its account; it is refused until you decide. ' +
      `To accept the new key: evio forget ${account} --overlay ${overlay}`
    );
  }
}

function sameKeys(pin: Pin, record: NodeRecord): boolean {
  return (
    pin.signPublic === base64(record.signPublic) && pin.staticPublic === base64(record.staticPublic)
  );
}

function read(file: string): Map<string, Map<string, Pin>> {
  const content = readPrivateFile(file);
  if (content === undefined) return new Map();
  let parsed: unknown;
  try {
    parsed = JSON.parse(content);
  } catch (cause) {
    throw damaged(file, 'it is not JSON', cause);
  }
  const top = entries(parsed, file, 'the file');
  if (top.get('evioPins') !== FORMAT) throw damaged(file, `expected "evioPins": ${FORMAT}`);
  const pins = new Map<string, Map<string, Pin>>();
  for (const [overlay, accounts] of entries(top.get('overlays'), file, '"overlays"')) {
    const members = new Map<string, Pin>();
    for (const [account, pin] of entries(accounts, file, `overlay "${overlay}"`)) {
      members.set(account, toPin(entries(pin, file, `pin of "${account}"`), file, account));
    }
    pins.set(overlay, members);
  }
  return pins;
}

function toPin(fields: Map<string, unknown>, file: string, account: string): Pin {
  const text = (name: string): string => {
    const value = fields.get(name);
    if (typeof value === 'string') return value;
    throw damaged(file, `expected "${name}" in the pin of "${account}"`);
  };
  const id = text('id');
  if (!isNodeId(id)) throw damaged(file, `expected a node id in the pin of "${account}"`);
  return {
    id,
    signPublic: text('signPublic'),
    staticPublic: text('staticPublic'),
    since: text('since'),
  };
}

function entries(value: unknown, file: string, where: string): Map<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw damaged(file, `expected an object at ${where}`);
  }
  return new Map(Object.entries(value));
}

function damaged(file: string, why: string, cause?: unknown): EvioError {
  return new EvioError(
    'PINS_DAMAGED',
    `${file}: not a file of pinned keys: ${why}. Mend it or restore it from a copy; if you move it ` +
      'away, every member is trusted anew at first sight',
    { cause },
  );
}

/** Modification time in milliseconds, or undefined when there is no file. */
function modified(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
