import type { Report } from './report.ts';

export async function writeDocument(_report: Report): Promise<void> {}
