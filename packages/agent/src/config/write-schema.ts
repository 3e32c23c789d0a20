/**
 * Writes `config/evio.schema.json`, for editors, from the schema in the code:
 *
 *   node packages/agent/src/config/write-schema.ts
 */
import { writeFileSync } from 'node:fs';
import { configSchemaText } from './shape.ts';

const file = new URL('../../../../config/evio.schema.json', import.meta.url);
writeFileSync(file, configSchemaText());
