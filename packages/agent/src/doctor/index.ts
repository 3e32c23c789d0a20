/**
 * `evio doctor`: finds out why an overlay would not work here, and says what to do about it.
 *
 * In: the configuration's file. Out: one {@link CheckResult} after the other, of the host (TAP
 * device, capabilities, kernel, clock, routes), the configuration, the agent, and of each overlay's
 * servers (XMPP log-in, STUN and TURN, the kind of NAT).
 *
 * @example
 * for await (const { state, title, finding } of examine({ configFile })) print(state, title, finding);
 */
export type { CheckResult } from './check-result.ts';
export { type ExamineOptions, examine } from './examine.ts';
export { classifyMapping, type NatMapping } from './nat-mapping.ts';
