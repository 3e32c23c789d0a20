import type { z } from 'zod';
import type { OperationName, Operations } from './operations.ts';
import type { Snapshot } from './types.ts';

/** What goes to and fro in each operation, as types for the client, which loads no schema. */

export type { OperationName } from './operations.ts';

/** What is asked, as it may be written: defaults left out. */
export interface Question<Name extends OperationName> {
  readonly query: z.input<Operations[Name]['query']>;
  readonly body: z.input<Operations[Name]['body']>;
}

/** What is answered; of an operation with JSON lines, one line. */
export type Answer<Name extends OperationName> = Snapshot<z.output<Operations[Name]['answer']>>;
