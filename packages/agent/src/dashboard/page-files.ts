import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
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
 * Reads the built page. What a request names is looked up among these and never in the file system.
 *
 * @throws EvioError `DASHBOARD_MISSING` when the page is not installed.
 */
export function loadPageFiles(
  directory = PLACES.find(place => existsSync(join(place, 'index.html'))),
): PageFiles {
  if (directory === undefined) {
    const message = `the dashboard's page is not installed; expected it in ${PLACES[0]}`;
    throw new EvioError('DASHBOARD_MISSING', message);
  }
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  const files = new Map<string, PageFile>();
  for (const name of names) {
    const type = TYPES[extname(name)];
    if (type === undefined) continue; // a directory, or nothing that a page needs
    const file = { type, content: readFileSync(join(directory, name)) };
    files.set(name === 'index.html' ? '/' : `/${name}`, file);
  }
  return files;
}
