/**
 * `npm test`: everything that must hold, in the order in which it fails soonest.
 *
 *   1. format and lint, types
 *   2. unit tests beside the code
 *   3. native tests, sanitizers and fuzz targets (each package's native/test.sh)
 *   4. tests against real servers, namespaces and kernels (test/), one file at a time
 *
 * `node test/run.ts NAME…` runs only the steps and files whose name contains one of the words.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';

interface Step {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
}

const natives = globSync('packages/*/native/test.sh').filter(file => existsSync(file));

const steps: Step[] = [
  { name: 'lint', command: ['biome', 'ci', '--error-on-warnings'] },
  { name: 'types', command: ['tsc', '--noEmit'] },
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
for (const { name, command } of chosen) {
  const started = performance.now();
  console.log(`\n── ${name}`);
  const [program, ...args] = command;
  const { status, signal } = spawnSync(program, args, { stdio: 'inherit' });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (status !== 0) {
    failed.push(name);
    console.log(`── ${name}: FAILED (${signal ?? `exit ${status}`}) after ${seconds} s`);
  } else {
    console.log(`── ${name}: ok in ${seconds} s`);
  }
}
console.log(`\n${chosen.length - failed.length} passed, ${failed.length} failed`);
if (failed.length > 0) console.log(`failed: ${failed.join(', ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;
