/**
 * The CNI service by itself, without an agent around it, in the network namespace that it is started in:
 *
 *   node test/cni/serve.ts '{"socket": …}'      CniServiceOptions, `ranges` as an object
 *
 * Prints "ready" once it listens, failed calls to standard error, and its status (one line of JSON) on each
 * line of input.
 */
import { createInterface } from 'node:readline';
import { CniService } from '@evio/cni';

const { ranges, ...options } = JSON.parse(process.argv[2] ?? '{}');
const service = await CniService.start({
  ...options,
  ranges: () => ranges,
  onFailure: (command, error) =>
    console.error(`${command} failed: ${error.cniCode} ${error.message} ${error.details}`),
  onFault: error => console.error(error),
  onSwept: interfaces => console.error(`swept ${interfaces.join(' ')}`),
});
console.log('ready');
createInterface({ input: process.stdin }).on('line', () => {
  console.log(JSON.stringify(service.status()));
});
process.once('SIGTERM', async () => {
  await service.stop();
  process.exit(0);
});
