import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EvioError } from '@evio/types';

/** A file of the page, as it is sent. */
export interface PageFile {
  readonly type: string;
  readonly content: Uint8Array;
}

/** By path in the URL; `/` is the page itself. */
export type PageFiles = ReadonlyMap<string, PageFile>;

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Beside the bundle; and where it is seen from this file when the agent runs from its sources. */
const PLACES = ['./dashboard/', '../../../cli/dist/dashboard/'].map(place =>
  fileURLToPath(new URL(place, import.meta.url)),
);

/**
 * Reads the built page from the first of `places` that has it. What a request names is looked up among
 * these files and never in the file system.
 *
 * @throws EvioError `DASHBOARD_MISSING` when the page is not installed.
 */
export function loadPageFiles(places: readonly string[] = PLACES): PageFiles {
  const directory = places.find(place => existsSync(join(place, 'index.html')));
  if (directory === undefined) {
    const message = `the dashboard's page is not installed; expected it in ${places[0]}`;
    throw new EvioError('DASHBOARD_MISSING', message);
  }
  const files = new Map<string, PageFile>();
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    const type = TYPES[extname(entry.name)];
    if (type === undefined || !entry.isFile()) continue; // nothing that a page needs
    const path = join(entry.parentPath, entry.name);
    const name = relative(directory, path);
    files.set(name === 'index.html' ? '/' : `/${name}`, { type, content: readFileSync(path) });
  }
  return files;
}
