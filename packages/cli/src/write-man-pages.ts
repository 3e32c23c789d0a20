/** Writes `docs/man/`: `npm run man`. */
import { fileURLToPath } from 'node:url';
import { writeManPages } from './man-directory.ts';

writeManPages(fileURLToPath(new URL('../../../docs/man', import.meta.url)));
