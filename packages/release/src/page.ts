import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { EvioError } from '@evio/types';
import { build } from 'esbuild';
import { usedInputs } from './bundled-package.ts';
import { ROOT } from './paths.ts';

/** A page for browsers that the agent serves. Its sources are a workspace that has an index.html. */
export interface Page {
  /** Of the workspace, and of the folder beside the bundle in which the agent looks for it. */
  readonly name: string;
  /** The scripts that it loads, from the root of the repository. */
  readonly scripts: readonly string[];
}

/** @param root of the repository. */
export function pages(root = ROOT): Page[] {
  return globSync('packages/*/index.html', { cwd: root })
    .sort()
    .map(file => {
      const html = readFileSync(join(root, file), 'utf8');
      const scripts = [...html.matchAll(/<script [^>]*src="\/?([^"]+)"/g)];
      const place = dirname(file);
      return { name: basename(place), scripts: scripts.map(([, path = '']) => join(place, path)) };
    });
}

/**
 * Where test/setup.sh has put the built page.
 *
 * @throws EvioError `RELEASE_FAILED` when it is not there.
 */
export function builtPage({ name }: Page, root = ROOT): string {
  const directory = join(root, 'packages', 'cli', 'dist', name);
  if (existsSync(join(directory, 'index.html'))) return directory;
  throw new EvioError(
    'RELEASE_FAILED',
    `expected the built page in ${directory}; sh test/setup.sh makes it`,
  );
}

/**
 * The sources that are in a page, those of npm packages included. The page's own bundler does not say:
 * esbuild follows the same imports.
 */
export async function pageInputs({ scripts }: Page, root = ROOT): Promise<string[]> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [...scripts],
    outdir: 'nowhere',
    write: false,
    bundle: true,
    minify: true,
    format: 'esm',
    metafile: true,
  });
  return usedInputs(metafile);
}
