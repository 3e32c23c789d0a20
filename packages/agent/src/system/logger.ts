import { type DestinationStream, type Logger, pino } from 'pino';
import type { LogLevel } from '../config/index.ts';

export type { Logger } from 'pino';

/** What must never reach a log, wherever in a logged object it is. */
const SECRET_KEYS: ReadonlySet<string> = new Set([
  'certificate',
  'credential',
  'password',
  'privateKey',
  'psk',
  'receiveKey',
  'secret',
  'sendKey',
  'staticSecret',
]);
/** Deeper objects are not logged by anybody; the limit ends circles. */
const MOST_DEPTH = 8;

/**
 * A copy without secrets. (pino's own redaction takes paths of fixed depth, so that one level more
 * around a configuration would show its passwords.)
 */
export function withoutSecrets(value: unknown, depth = 0): unknown {
  if (depth > MOST_DEPTH) return '…';
  if (Array.isArray(value)) return value.map(each => withoutSecrets(each, depth + 1));
  if (typeof value !== 'object' || value === null) return value;
  // Errors and other instances are written by their own serializers.
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  return redacted(value, depth);
}

function redacted(object: object, depth = 0): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(object).map(([key, value]) => [
      key,
      SECRET_KEYS.has(key) && value !== undefined ? '[secret]' : withoutSecrets(value, depth + 1),
    ]),
  );
}

export interface LoggerOptions {
  readonly level: LogLevel;
  /** Lines for people instead of JSON. */
  readonly pretty?: boolean;
  /** Colour in the lines for people. */
  readonly color?: boolean;
  /** Standard output when absent. */
  readonly destination?: { write(text: string): unknown };
}

/** The agent's log: one JSON object per line, or lines for people on a terminal. */
export function createLogger(options: LoggerOptions): Logger {
  const out = options.destination ?? process.stdout;
  const destination: DestinationStream | undefined = options.pretty
    ? { write: line => void out.write(prettyLine(line, options.color ?? false)) }
    : options.destination && { write: line => void out.write(line) };
  const settings = {
    level: options.level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: {
      level: (label: string) => ({ level: label }),
      log: (object: object) => redacted(object),
    },
    // What a child logger carries does not pass by formatters.log.
    redact: { paths: [...SECRET_KEYS], censor: '[secret]' },
  };
  return destination ? pino(settings, destination) : pino(settings);
}

const COLOR_OF: Readonly<Record<string, string>> = {
  warn: '\x1b[33m',
  error: '\x1b[31m',
  fatal: '\x1b[31m',
  debug: '\x1b[90m',
  trace: '\x1b[90m',
};

/** `12:00:00.000 info  signaling is online  overlay=edge jid=…` */
function prettyLine(json: string, color: boolean): string {
  const { time, level, msg, err, ...rest }: Record<string, unknown> = JSON.parse(json);
  const fields = Object.entries(rest)
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
  const word = String(level).padEnd(5);
  const begin = color ? (COLOR_OF[String(level)] ?? '') : '';
  const end = begin === '' ? '' : '\x1b[0m';
  const clock = String(time).slice(11, 23);
  const text = msg === undefined ? '' : String(msg);
  const stack =
    typeof err === 'object' && err !== null && 'stack' in err ? `\n${String(err.stack)}` : '';
  return `${clock} ${begin}${word}${end} ${text}${fields === '' ? '' : `  ${fields}`}${stack}\n`;
}
