import { EvioError } from '@evio/types';
import { command } from './command.ts';

/** Debian's package of each library that our programs are linked to. */
const PACKAGES: Readonly<Record<string, string>> = {
  'libc.so.6': 'libc6',
  'libdl.so.2': 'libc6',
  'libm.so.6': 'libc6',
  'libpthread.so.0': 'libc6',
  'librt.so.1': 'libc6',
  'ld-linux-x86-64.so.2': 'libc6',
  'ld-linux-aarch64.so.1': 'libc6',
  'libstdc++.so.6': 'libstdc++6',
  'libgcc_s.so.1': 'libgcc-s1',
  'libatomic.so.1': 'libatomic1',
};

/** First release of GCC with each version of libstdc++'s symbols (GCC's manual, "ABI Policy"). */
const GCC_OF_GLIBCXX: readonly (readonly [symbols: number, gcc: string])[] = [
  [25, '8'],
  [28, '9'],
  [29, '11'],
  [30, '12'],
  [32, '13'],
  [33, '14'],
];

/**
 * What a package with these programs depends on: `libc6 (>= 2.34)` and the like, by the versions of
 * the symbols that they use. (dpkg-shlibdeps would need the libraries of the other architecture.)
 *
 * @throws EvioError `RELEASE_FAILED` for a library or version that the tables above lack.
 */
export function libraryNeeds(programs: readonly string[]): string[] {
  const needed = new Set<string>();
  let glibc = 0;
  let glibcxx = 0;
  for (const program of programs) {
    for (const [, library = ''] of command(['readelf', '-dW', program]).matchAll(
      /\(NEEDED\).*\[(.+)\]/g,
    )) {
      needed.add(packageOf(library, program));
    }
    const versions = command(['readelf', '-VW', program]);
    for (const [, minor] of versions.matchAll(/Name: GLIBC_2\.(\d+)/g))
      glibc = Math.max(glibc, Number(minor));
    for (const [, patch] of versions.matchAll(/Name: GLIBCXX_3\.4\.(\d+)/g))
      glibcxx = Math.max(glibcxx, Number(patch));
  }
  return [...needed].sort().map(name => {
    if (name === 'libc6') return `libc6 (>= 2.${glibc})`;
    if (name === 'libstdc++6' && glibcxx > 0) return `libstdc++6 (>= ${gccOf(glibcxx)})`;
    return name;
  });
}

function packageOf(library: string, program: string): string {
  const name = PACKAGES[library];
  if (name !== undefined) return name;
  throw new EvioError(
    'RELEASE_FAILED',
    `expected ${program} to need only ${Object.keys(PACKAGES).join(', ')}; it needs ${library}`,
  );
}

function gccOf(glibcxx: number): string {
  const found = GCC_OF_GLIBCXX.find(([symbols]) => symbols >= glibcxx);
  if (found !== undefined) return found[1];
  throw new EvioError(
    'RELEASE_FAILED',
    `expected symbols of libstdc++ up to GLIBCXX_3.4.33, found GLIBCXX_3.4.${glibcxx}`,
  );
}
