import { CniError } from './cni-error.ts';

/** Oldest first; the shim prints the same list for VERSION (native/shim.cc). */
export const SUPPORTED_VERSIONS = ['0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'] as const;

export type CniVersion = (typeof SUPPORTED_VERSIONS)[number];

/** The version of results that are not for a runtime, and of errors before one is known. */
export const NEWEST_VERSION: CniVersion = '1.1.0';

const supported: ReadonlySet<string> = new Set(SUPPORTED_VERSIONS);

export function isSupportedVersion(text: string): text is CniVersion {
  return supported.has(text);
}

/** Whether `version` is `than` or a later one. */
export function atLeast(version: CniVersion, than: CniVersion): boolean {
  return SUPPORTED_VERSIONS.indexOf(version) >= SUPPORTED_VERSIONS.indexOf(than);
}

/** @throws CniError code 1 when the command came with a later version of the specification. */
export function expectVersion(command: string, version: CniVersion): void {
  const needed = { CHECK: '0.4.0', STATUS: '1.1.0', GC: '1.1.0' } as const;
  const least =
    command === 'CHECK' || command === 'STATUS' || command === 'GC' ? needed[command] : '0.3.0';
  if (atLeast(version, least)) return;
  throw new CniError(
    'incompatibleVersion',
    `${command} is of CNI ${least}, but the configuration has cniVersion ${version}`,
  );
}
