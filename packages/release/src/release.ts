import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ARCHITECTURES, type Architecture, isNative } from './architecture.ts';
import { archive } from './archive.ts';
import { bundle } from './bundle.ts';
import { writeChecksums } from './checksums.ts';
import { deb } from './deb.ts';
import { image } from './image.ts';
import { sbom } from './sbom.ts';
import { stage } from './stage.ts';

/** What one makes of a staged tree. */
export type Kind = 'image' | 'archive' | 'deb' | 'sbom';

export interface ReleaseOptions {
  /** Where the files go; what was there is removed. */
  readonly out: string;
  readonly version: string;
  /** Seconds since 1970. */
  readonly epoch: number;
  readonly architectures?: readonly Architecture[];
  readonly kinds?: readonly Kind[];
  readonly compression?: 'xz' | 'none';
  /** Told what is being made. */
  readonly say?: (step: string) => void;
}

/** Makes the files of a release: for the same inputs the same bytes. */
export async function release(options: ReleaseOptions): Promise<void> {
  const { out, version, epoch, compression = 'xz', say = () => undefined } = options;
  const { architectures = ARCHITECTURES, kinds = ['image', 'archive', 'deb', 'sbom'] } = options;
  const place = mkdtempSync(join(tmpdir(), 'evio-release-'));
  try {
    rmSync(out, { recursive: true, force: true });
    mkdirSync(out, { recursive: true });
    say('bundle');
    const bundled = join(place, 'bundle');
    const packages = await bundle(bundled);
    for (const architecture of architectures) {
      const { debian } = architecture;
      const root = join(place, debian);
      const name = `evio-${version}-linux-${debian}`;
      const make: Record<Kind, () => void> = {
        // Its other programs are this machine's.
        image: () => {
          if (!isNative(architecture)) return;
          image(root, join(out, `${name}.oci.tar`), join(place, 'image'), { version, epoch });
        },
        archive: () => archive(root, join(out, `${name}.tar.gz`), name, epoch),
        deb: () => {
          const file = join(out, `evio_${version}_${debian}.deb`);
          deb(root, file, { architecture, version, epoch, compression });
        },
        sbom: () => {
          const bom = sbom(root, architecture, version, packages, epoch);
          writeFileSync(join(out, `${name}.cdx.json`), `${JSON.stringify(bom, null, 2)}\n`);
        },
      };
      say(`${debian}: programs`);
      mkdirSync(root);
      stage(root, architecture, { bundle: bundled, packages }, epoch);
      for (const kind of kinds) {
        say(`${debian}: ${kind}`);
        make[kind]();
      }
      rmSync(root, { recursive: true });
    }
    writeChecksums(out);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}
