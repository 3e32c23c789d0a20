/**
 * `evio join` and `evio leave`: from an invitation's line to a host that its peers answer, and back.
 *
 * In: an invitation (`@evio/types`), the place of the configuration. Out: one {@link Step} after the
 * other as it is done or waited for, or a {@link StepError} that names the step, the cause and the
 * mend. A run that stopped goes on when it is started again.
 *
 * @example
 * for await (const { step, finding } of join({ invitation, configFile, ...rest })) print(step, finding);
 */
export { type JoinOptions, join } from './join.ts';
export { type LeaveOptions, leave } from './leave.ts';
export { type Step, StepError, type StepName } from './step.ts';
