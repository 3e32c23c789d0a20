import { EvioError } from '@evio/types';

/** The steps of `evio join` and `evio leave`, in their order. */
export type StepName =
  | 'invitation'
  | 'host'
  | 'hub'
  | 'account'
  | 'files'
  | 'service'
  | 'online'
  | 'peer';

/** How far it has come, for whoever waits. */
export interface Step {
  readonly step: StepName;
  /** `look at`: it goes on, but something is left for the user to do. */
  readonly state: 'waiting' | 'done' | 'look at';
  readonly finding: string;
}

export const done = (step: StepName, finding: string): Step => ({ step, state: 'done', finding });
export const waiting = (step: StepName, finding: string): Step => ({
  step,
  state: 'waiting',
  finding,
});

/** A step failed: its message is the cause. */
export class StepError extends EvioError {
  readonly step: StepName;
  readonly mend: string;

  constructor(step: StepName, code: string, cause: string, mend: string, options?: ErrorOptions) {
    super(code, cause, options);
    this.step = step;
    this.mend = mend;
  }
}
