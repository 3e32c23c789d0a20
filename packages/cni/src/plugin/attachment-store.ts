import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseMac } from '@evio/types';
import { z } from 'zod';
import { CniError } from '../protocol/cni-error.ts';
import type { AttachmentId } from '../protocol/invocation.ts';
import type { Attachment } from './attachment.ts';

const AttachmentFile = z.object({
  state: z.enum(['adding', 'ready']),
  containerId: z.string(),
  ifName: z.string(),
  network: z.string(),
  netns: z.string(),
  hostIf: z.string(),
  mac: z.string().transform(parseMac),
  addresses: z.array(z.string()),
  ipam: z.string().exactOptional(),
  pod: z.string().exactOptional(),
  since: z.string(),
});

/**
 * All attachments of this node, in memory and in one file each: their addresses are taken as long as
 * the file is there.
 *
 * Each change is one rename or unlink, so that whenever the agent is killed, a file is whole or not there.
 * They are not flushed to the disk: a power cut ends the pods as well.
 */
export class AttachmentStore {
  readonly #directory: string;
  readonly #all = new Map<string, Attachment>();

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** Reads what is there; a file that is damaged goes (see above: its pod is gone, too). */
  static open(directory: string): AttachmentStore {
    const store = new AttachmentStore(directory);
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(directory)) {
      const attachment = name.endsWith('.json') ? read(join(directory, name)) : undefined;
      if (attachment === undefined) rmSync(join(directory, name), { force: true });
      else store.#all.set(keyOf(attachment), attachment);
    }
    return store;
  }

  all(): Attachment[] {
    return [...this.#all.values()];
  }

  get(id: AttachmentId): Attachment | undefined {
    return this.#all.get(keyOf(id));
  }

  /** @throws CniError code 5, and then it is as before. */
  put(attachment: Attachment): void {
    const file = this.#fileOf(attachment);
    const temporary = `${file}.new`;
    try {
      writeFileSync(temporary, JSON.stringify(attachment), { mode: 0o600 });
      renameSync(temporary, file);
    } catch (cause) {
      rmSync(temporary, { force: true });
      throw ioFailure(file, cause);
    }
    this.#all.set(keyOf(attachment), attachment);
  }

  /** @throws CniError code 5. */
  remove(id: AttachmentId): void {
    const file = this.#fileOf(id);
    try {
      rmSync(file, { force: true });
    } catch (cause) {
      throw ioFailure(file, cause);
    }
    this.#all.delete(keyOf(id));
  }

  #fileOf(id: AttachmentId): string {
    const name = createHash('sha256').update(keyOf(id)).digest('hex').slice(0, 32);
    return join(this.#directory, `${name}.json`);
  }
}

function keyOf({ containerId, ifName }: AttachmentId): string {
  return `${containerId}\0${ifName}`;
}

function read(file: string): Attachment | undefined {
  try {
    return AttachmentFile.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}

function ioFailure(file: string, cause: unknown): CniError {
  const details = cause instanceof Error ? cause.message : String(cause);
  return new CniError('ioFailure', `${file} cannot be written`, { details, cause });
}
