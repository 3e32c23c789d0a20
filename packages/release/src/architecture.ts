/** A kind of processor that is released for, with its name in each of the three worlds that meet here. */
export interface Architecture {
  /** In packages and file names. */
  readonly debian: 'amd64' | 'arm64';
  /** In Node's npm packages and in process.arch. */
  readonly node: 'x64' | 'arm64';
  /** Before the names of its compiler, linker and strip. */
  readonly gnu: 'x86_64-linux-gnu' | 'aarch64-linux-gnu';
}

export const ARCHITECTURES: readonly Architecture[] = [
  { debian: 'amd64', node: 'x64', gnu: 'x86_64-linux-gnu' },
  { debian: 'arm64', node: 'arm64', gnu: 'aarch64-linux-gnu' },
];

/** That of the Node which runs this. */
export function isNative({ node }: Architecture): boolean {
  return node === process.arch;
}
