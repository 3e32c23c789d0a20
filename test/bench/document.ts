import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../lab/paths.ts';
import { pictures } from './charts.ts';
import type { Report } from './report.ts';
import { reportMarkdown } from './report-markdown.ts';

const BEGIN = '<!-- npm run bench -- --document: begin -->';
const END = '<!-- npm run bench -- --document: end -->';

/**
 * Lets docs/performance.md tell a report: its tables, its charts, and the report itself beside it.
 *
 * @returns the names of the files that were written.
 */
export async function writeDocument(report: Report, docs = join(ROOT, 'docs')): Promise<string[]> {
  const drawn = pictures(report);
  const page = join(docs, 'performance.md');
  const text = replacedSection(await readFile(page, 'utf8'), reportMarkdown(report, drawn));
  await writeFile(page, text);
  await writeFile(join(docs, 'performance.json'), `${JSON.stringify(report, null, 2)}\n`);
  for (const { file, svg } of drawn) await writeFile(join(docs, file), svg);
  return ['performance.md', 'performance.json', ...drawn.map(({ file }) => file)];
}

/** @throws Error when the page does not have the two marks, in their order. */
export function replacedSection(page: string, section: string): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) {
    throw new Error(`expected docs/performance.md to have the lines "${BEGIN}" and "${END}"`);
  }
  return `${page.slice(0, begin + BEGIN.length)}\n\n${section}\n\n${page.slice(end)}`;
}
