/** The `evio hub` commands by themselves, for tests. */
import { registerHubCommands } from '@evio/hub';
import { EvioError } from '@evio/types';
import { Command } from 'commander';

const program = new Command('evio');
registerHubCommands(program);
try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof EvioError)) throw error;
  process.stderr.write(`${error.code}: ${error.message}\n`);
  process.exitCode = 2;
}
