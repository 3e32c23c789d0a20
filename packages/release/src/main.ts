/**
 * `npm run release`: makes all of a release into `dist/`.
 *
 *   evio_VERSION_ARCH.deb             for Debian 12 and later
 *   evio-VERSION-linux-ARCH.tar.gz    the same files, to unpack anywhere
 *   evio-VERSION-linux-ARCH.oci.tar   container image, for the processor of this machine
 *   evio-VERSION-linux-ARCH.cdx.json  what is inside (CycloneDX)
 *   SHA256SUMS
 *
 * The flow: bundle.ts makes JavaScript of packages/; stage.ts lays it out with Node (runtime.ts), the
 * compiled parts (native.ts), the unit and the manual, as on a host; deb.ts, archive.ts, image.ts and
 * sbom.ts each make one file of that tree. Two runs on one commit make the same bytes.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { VERSION } from '@evio/agent/version';
import { EvioError } from '@evio/types';
import { ARCHITECTURES } from './architecture.ts';
import { sourceDateEpoch } from './epoch.ts';
import { ROOT } from './paths.ts';
import { release } from './release.ts';

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: join(ROOT, 'dist') },
    arch: { type: 'string', multiple: true, default: ARCHITECTURES.map(({ debian }) => debian) },
  },
});

try {
  const architectures = ARCHITECTURES.filter(({ debian }) => values.arch.includes(debian));
  const known = ARCHITECTURES.map(({ debian }) => debian).join(' or ');
  const unknown = values.arch.find(name => !ARCHITECTURES.some(({ debian }) => debian === name));
  if (unknown !== undefined) {
    throw new EvioError('REQUEST_INVALID', `--arch: expected ${known}, got "${unknown}"`);
  }
  await release({
    out: values.out,
    version: VERSION,
    epoch: sourceDateEpoch(),
    architectures,
    say: step => console.error(`release: ${step}`),
  });
  console.log(values.out);
} catch (error) {
  if (!(error instanceof EvioError)) throw error;
  console.error(`release: ${error.message}`);
  process.exitCode = error.code === 'REQUEST_INVALID' ? 2 : 1;
}
