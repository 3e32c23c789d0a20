/**
 * `npm test`: everything that must hold, in the order in which it fails soonest.
 *
 *   1. format and lint, types
 *   2. unit tests beside the code
 *   3. native tests, sanitizers and fuzz targets (each package's native/test.sh)
 *   4. tests against real servers, namespaces and kernels (test/), one file at a time; those that
 *      mostly wait run beside the others
 *
 * `node test/run.ts NAME…` runs only the steps and files whose name contains one of the words.
 */
import { spawn } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';

interface Step {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
}

/** They wait for a server's rate limit, for keys to age, or for a lost half to be given up. */
const BESIDE: ReadonlySet<string> = new Set([
  'test/scenarios/hostile-stanzas.test.ts',
  'test/scenarios/hub-outage.test.ts',
  'test/scenarios/partition.test.ts',
]);

const natives = globSync('packages/*/native/test.sh').filter(file => existsSync(file));

const steps: Step[] = [
  { name: 'lint', command: ['biome', 'ci', '--error-on-warnings'] },
  { name: 'types', command: ['tsc', '--noEmit'] },
  { name: 'types of the page', command: ['tsc', '--noEmit', '--project', 'packages/dashboard'] },
  { name: 'unit', command: ['node', '--test', ...globSync('packages/*/src/**/*.test.ts').sort()] },
  ...natives.map((file): Step => ({ name: file, command: ['sh', file] })),
  ...globSync('test/**/*.test.ts')
    .sort()
    .map((file): Step => ({ name: file, command: ['node', '--test', file] })),
];

const words = process.argv.slice(2);
const chosen = steps.filter(
  ({ name }) => words.length === 0 || words.some(word => name.includes(word)),
);
const failed: string[] = [];

/** Runs a step. Beside others its output is shown at its end, else as it comes. */
async function run(step: Step, { beside = false } = {}): Promise<void> {
  const started = performance.now();
  const [program, ...args] = step.command;
  if (!beside) console.log(`\n── ${step.name}`);
  const child = spawn(program, args, { stdio: ['ignore', ...outputs(beside)] });
  const output: Uint8Array[] = [];
  child.stdout?.on('data', (chunk: Uint8Array) => output.push(chunk));
  child.stderr?.on('data', (chunk: Uint8Array) => output.push(chunk));
  const outcome = await new Promise<string | undefined>(resolve => {
    child.once('error', error => resolve(error.message));
    child.once('close', (code, signal) =>
      resolve(code === 0 ? undefined : (signal ?? `exit ${code}`)),
    );
  });
  if (beside) {
    console.log(`\n── ${step.name} (ran beside the others)`);
    process.stdout.write(Buffer.concat(output));
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (outcome !== undefined) failed.push(step.name);
  const verdict =
    outcome === undefined ? `ok in ${seconds} s` : `FAILED (${outcome}) after ${seconds} s`;
  console.log(`── ${step.name}: ${verdict}`);
}

function outputs(beside: boolean): ('pipe' | 'inherit')[] {
  return beside ? ['pipe', 'pipe'] : ['inherit', 'inherit'];
}

let beside: Promise<unknown> | undefined;
for (const step of chosen.filter(({ name }) => !BESIDE.has(name))) {
  if (step.name.startsWith('test/')) beside ??= runAllBeside();
  await run(step);
}
await (beside ?? runAllBeside());
console.log(`\n${chosen.length - failed.length} passed, ${failed.length} failed`);
if (failed.length > 0) console.log(`failed: ${failed.join(', ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;

function runAllBeside(): Promise<unknown> {
  const steps = chosen.filter(({ name }) => BESIDE.has(name));
  return Promise.all(steps.map(step => run(step, { beside: true })));
}
