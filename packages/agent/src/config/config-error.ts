import { EvioError } from '@evio/types';

/** One mistake in a configuration, with where it stands. */
export interface ConfigProblem {
  readonly file: string;
  /** 1-based; absent when the file as a whole is meant. */
  readonly line?: number;
  /** 1-based. */
  readonly column?: number;
  /** Such as `overlays[0].xmpp.jid`; empty when the file as a whole is meant. */
  readonly key: string;
  /** What was expected and what came, or how to mend it. */
  readonly message: string;
}

/** `/etc/evio/evio.yaml:7:11: overlays[0].xmpp.jid: expected …`, the form that editors can follow. */
export function formatProblem({ file, line, column, key, message }: ConfigProblem): string {
  const place = line === undefined ? file : `${file}:${line}:${column ?? 1}`;
  return key === '' ? `${place}: ${message}` : `${place}: ${key}: ${message}`;
}

/** Everything that is wrong with a configuration at once; its message has one line per problem. */
export class ConfigError extends EvioError {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super('CONFIG_INVALID', problems.map(formatProblem).join('\n'));
    this.problems = problems;
  }
}
