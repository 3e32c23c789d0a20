/**
 * The `evio` command: runs the agent, asks a running one, checks configurations, examines the host.
 *
 * In: a command line. Out: text or JSON, and an exit code: 0 fine, 1 failed, 2 usage or
 * configuration error. `docs/commands.md` describes each command.
 *
 * @example
 * process.exitCode = await run(['status', '--json'], { stdout, stderr, environment: process.env });
 */
export type { Context } from './context.ts';
export type { Output, Streams } from './output.ts';
export { buildProgram, type RegisterHub } from './program.ts';
export { run } from './run.ts';
