/** Writes `docs/api/openapi.json`: `npm run openapi`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { openApiText } from './openapi.ts';

const file = new URL('../../../../docs/api/openapi.json', import.meta.url);
mkdirSync(new URL('.', file), { recursive: true });
writeFileSync(file, openApiText());
