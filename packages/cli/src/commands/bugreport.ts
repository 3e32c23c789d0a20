import { hostname } from 'node:os';
import { basename, resolve } from 'node:path';
import type { Context } from '../context.ts';
import type { AgentOptions } from './agent-options.ts';

export interface BugreportFlags extends AgentOptions {
  readonly config: string;
  /** The archive. */
  readonly output?: string;
}

/** `evio bugreport`: what somebody else needs to look for a mistake, in one archive. */
export async function bugreport({ output }: Context, flags: BugreportFlags): Promise<void> {
  const { collect } = await import('../bugreport/collect.ts');
  const { writeArchive } = await import('../bugreport/archive.ts');
  const { runCommand: run } = await import('@evio/agent/system');
  const day = new Date().toISOString().replace(/[:-]|\..*/g, '');
  const archive = resolve(flags.output ?? `evio-bugreport-${hostname()}-${day}.tar.gz`);
  const { config: configFile, socket } = flags;
  const files = await collect({ configFile, socket, run });
  await writeArchive(archive, basename(archive).replace(/\.(tar\.gz|tgz)$/, ''), files, run);
  if (flags.json) return output.json({ archive, files: [...files.keys()] });
  output.print(`wrote ${archive}: ${[...files.keys()].join(', ')}`);
  output.print('Passwords and keys are taken out. Names, accounts and addresses are in it.');
}
