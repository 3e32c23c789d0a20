/** Writes `docs/man/evio.1`: `npm run man`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { manPageOfProgram } from './whole-program.ts';

const file = new URL('../../../docs/man/evio.1', import.meta.url);
mkdirSync(new URL('.', file), { recursive: true });
writeFileSync(file, manPageOfProgram());
