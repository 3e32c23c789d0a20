/**
 * `node packages/release/src/stage-here.ts DIRECTORY`: lays out the tree of a release for this machine's own
 * processor, for who builds something else of it (config/container/build.sh).
 */
import { mkdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ARCHITECTURES, isNative } from './architecture.ts';
import { bundle } from './bundle.ts';
import { sourceDateEpoch } from './epoch.ts';
import { stage } from './stage.ts';

const [directory] = process.argv.slice(2);
const architecture = ARCHITECTURES.find(isNative);
if (directory === undefined || architecture === undefined) {
  console.error('usage: node release/stage-here.ts DIRECTORY   on amd64 or arm64');
  process.exit(2);
}
const place = await mkdtemp(join(tmpdir(), 'evio-stage-'));
try {
  const packages = await bundle(place);
  mkdirSync(directory, { recursive: true });
  stage(directory, architecture, { bundle: place, packages }, sourceDateEpoch());
} finally {
  await rm(place, { recursive: true });
}
