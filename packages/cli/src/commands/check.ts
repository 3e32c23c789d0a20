import type { Context } from '../context.ts';

/** `evio check`: reads the configuration as `evio up` would, and says what is wrong with it. */
export async function check(
  context: Context,
  { config: file, json }: { readonly config: string; readonly json?: boolean },
): Promise<void> {
  const { output } = context;
  const { ConfigError, formatProblem, loadConfig } = await import('@evio/agent/config');
  try {
    const config = loadConfig(file);
    const overlays = config.overlays.map(({ name }) => name);
    if (json) return output.json({ ok: true, file: config.file, overlays, problems: [] });
    output.print(`${config.file}: fine; overlays: ${overlays.join(', ')}`);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    context.fail(2);
    if (json) return output.json({ ok: false, file, overlays: [], problems: error.problems });
    for (const problem of error.problems) output.warn(formatProblem(problem));
  }
}
