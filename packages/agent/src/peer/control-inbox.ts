import { EvioError } from '@evio/types';
import type { Logger } from '../system/index.ts';
import { ControlBudget } from './control-budget.ts';
import type { ControlDrops } from './control-drops.ts';
import { type ControlMessage, controlCost, decodeControlMessage } from './control-message.ts';

/** Reads the control messages of one peer: within its budget, and what does not read is counted. */
export class ControlInbox {
  readonly #budget = new ControlBudget();
  readonly #drops: ControlDrops;
  readonly #logger: Pick<Logger, 'debug'>;

  constructor(options: { drops: ControlDrops; logger: Pick<Logger, 'debug'> }) {
    this.#drops = options.drops;
    this.#logger = options.logger;
  }

  /** Hands a message to `take`, unless it is dropped. An `EvioError` of `take` is the message's fault. */
  receive(now: number, bytes: Uint8Array, take: (message: ControlMessage) => void): void {
    if (!this.#budget.take(now, controlCost(bytes))) {
      this.#drops.dropControlRate += 1;
      return;
    }
    try {
      take(decodeControlMessage(bytes));
    } catch (error) {
      if (!(error instanceof EvioError)) throw error;
      this.#drops.dropControlMalformed += 1;
      this.#logger.debug({ code: error.code }, error.message);
    }
  }
}
