import type { LogLevel } from '@evio/agent/config';
import type { Context } from '../context.ts';
import { wantsColor } from '../output.ts';

/** `evio up`: runs the agent in the foreground until SIGTERM or SIGINT. */
export async function up(
  { environment }: Context,
  options: { readonly config: string; readonly logLevel?: LogLevel },
): Promise<void> {
  const { loadConfig } = await import('@evio/agent/config');
  const config = loadConfig(options.config);
  const { createLogger, createServiceNotifier } = await import('@evio/agent/system');
  const logger = createLogger({
    level: options.logLevel ?? config.log.level,
    pretty: process.stdout.isTTY === true,
    color: wantsColor({ stdout: process.stdout, stderr: process.stderr, environment }),
  });
  // Whatever gets here is a fault of ours: say it where the log is read, and let systemd restart.
  const onFault = (error: unknown) => {
    logger.fatal({ err: error }, 'the agent failed');
    process.exit(1);
  };
  process.on('uncaughtException', onFault);
  process.on('unhandledRejection', onFault);
  const notify = createServiceNotifier({
    environment,
    onFault: error => logger.warn({ err: error }, 'systemd was not told'),
  });
  const { runAgent } = await import('@evio/agent/agent');
  try {
    await runAgent({ config, logger, notify });
  } finally {
    notify.close();
  }
}
