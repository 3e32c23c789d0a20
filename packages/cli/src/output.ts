/** Where a command writes, and how wide and colourful it may be. */
export interface Output {
  /** Prints a line or several. */
  print(text: string): void;
  /** Prints to standard error. */
  warn(text: string): void;
  /** Pretty-printed JSON on a terminal, one line otherwise. */
  json(value: unknown): void;
  /** Whether somebody looks at it as it comes. */
  readonly terminal: boolean;
  /** Characters per line; infinite when the output is no terminal. */
  readonly width: number;
  readonly style: Style;
}

type Paint = (text: string) => string;

export interface Style {
  readonly good: Paint;
  readonly bad: Paint;
  readonly uneasy: Paint;
  readonly dim: Paint;
}

const painted =
  (code: number): Paint =>
  text =>
    `\x1b[${code}m${text}\x1b[39m`;
const plain: Paint = text => text;

export interface Streams {
  readonly stdout: { write(text: string): unknown; isTTY?: boolean; columns?: number };
  readonly stderr: { write(text: string): unknown };
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Colour only on a terminal, and not where NO_COLOR (no-color.org) or TERM=dumb ask for none. */
export function wantsColor({ stdout, environment }: Streams): boolean {
  const { NO_COLOR, TERM } = environment;
  return stdout.isTTY === true && (NO_COLOR === undefined || NO_COLOR === '') && TERM !== 'dumb';
}

export function createOutput(streams: Streams): Output {
  const { stdout, stderr } = streams;
  const color = wantsColor(streams);
  return {
    print: text => void stdout.write(`${text}\n`),
    warn: text => void stderr.write(`${text}\n`),
    json: value => {
      stdout.write(`${JSON.stringify(value, null, stdout.isTTY ? 2 : undefined)}\n`);
    },
    terminal: stdout.isTTY === true,
    width: stdout.isTTY ? (stdout.columns ?? 80) : Number.POSITIVE_INFINITY,
    style: color
      ? { good: painted(32), bad: painted(31), uneasy: painted(33), dim: painted(90) }
      : { good: plain, bad: plain, uneasy: plain, dim: plain },
  };
}
