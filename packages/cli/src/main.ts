#!/usr/bin/env node
import { run } from './run.ts';

// Whoever reads our output may stop (evio peers | head).
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});
const { stdout, stderr, env } = process;
process.exitCode = await run(process.argv.slice(2), { stdout, stderr, environment: env });
