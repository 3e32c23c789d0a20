import { CniError } from './cni-error.ts';

export type CniCommand = 'ADD' | 'DEL' | 'CHECK' | 'STATUS' | 'GC' | 'VERSION';

/** What identifies one interface of one container. */
export interface AttachmentId {
  readonly containerId: string;
  readonly ifName: string;
}

/** The parameters that a runtime passes in the environment (CNI 1.1.0, section 2). */
export interface Invocation {
  readonly command: CniCommand;
  /** Of ADD, DEL and CHECK. */
  readonly id?: AttachmentId;
  /** Always there in ADD and CHECK; in DEL only as long as the namespace is. */
  readonly netns?: string;
  /** CNI_ARGS, `KEY=VALUE;…`. */
  readonly args: ReadonlyMap<string, string>;
  /** Directories with other plugins. */
  readonly path: readonly string[];
}

const NEEDED: Readonly<Record<CniCommand, readonly string[]>> = {
  ADD: ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME'],
  CHECK: ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME'],
  DEL: ['CNI_CONTAINERID', 'CNI_IFNAME'],
  STATUS: [],
  GC: [],
  VERSION: [],
};

/** CNI 1.1.0, section 2: the container id. */
const CONTAINER_ID = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;
/** What the kernel takes (`dev_valid_name`), less what a line of `ip -batch` gives a meaning. */
const INTERFACE_NAME = /^(?!\.{1,2}$)[^\s/:'"\\#]{1,15}$/;
/** A path that stays one word in a line of `ip -batch`. */
const NETNS = /^\/[^\s'"\\#]+$/;

const isCommand = (text: string): text is CniCommand => Object.hasOwn(NEEDED, text);

/** @throws CniError code 4, naming the variable. */
export function parseInvocation(environment: ReadonlyMap<string, string>): Invocation {
  const read = (name: string): string | undefined => environment.get(name) || undefined;
  const command = read('CNI_COMMAND') ?? '';
  if (!isCommand(command)) {
    throw wrong('CNI_COMMAND', `one of ${Object.keys(NEEDED).join(', ')}`, command);
  }
  const missing = NEEDED[command].filter(name => read(name) === undefined);
  if (missing.length > 0) {
    throw new CniError('invalidEnvironment', `${command} needs ${missing.join(', ')}`);
  }
  const containerId = read('CNI_CONTAINERID');
  const ifName = read('CNI_IFNAME');
  const netns = read('CNI_NETNS');
  const about = NEEDED[command].length > 0;
  if (about && !CONTAINER_ID.test(containerId ?? '')) {
    throw wrong('CNI_CONTAINERID', 'letters, digits, "_", "." or "-"', containerId);
  }
  if (about && !INTERFACE_NAME.test(ifName ?? '')) {
    throw wrong('CNI_IFNAME', 'an interface name of 1 to 15 bytes', ifName);
  }
  if (about && netns !== undefined && !NETNS.test(netns)) {
    throw wrong('CNI_NETNS', 'the path of a network namespace', netns);
  }
  return {
    command,
    ...(about && containerId && ifName && { id: { containerId, ifName } }),
    ...(netns !== undefined && { netns }),
    args: parseArgs(read('CNI_ARGS') ?? ''),
    path: (read('CNI_PATH') ?? '').split(':').filter(directory => directory.startsWith('/')),
  };
}

function parseArgs(text: string): Map<string, string> {
  const args = new Map<string, string>();
  for (const pair of text.split(';')) {
    const equals = pair.indexOf('=');
    if (equals > 0) args.set(pair.slice(0, equals), pair.slice(equals + 1));
    else if (pair !== '') throw wrong('CNI_ARGS', 'KEY=VALUE;…', pair);
  }
  return args;
}

function wrong(name: string, expected: string, got: string | undefined): CniError {
  return new CniError('invalidEnvironment', `${name}: expected ${expected}, got "${got ?? ''}"`);
}
