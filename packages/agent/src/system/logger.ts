import { type DestinationStream, type Logger, pino } from 'pino';
import type { LogLevel } from '../config/index.ts';

export type { Logger } from 'pino';

/**
 * What must never reach a log, wherever an object that holds it is logged: passwords, TURN
 * credentials, keys and the overlay's shared secret.
 */
const SECRET_KEYS = ['password', 'credential', 'secret', 'psk', 'sendKey', 'receiveKey', 'key'];
const REDACTED = SECRET_KEYS.flatMap(key => [key, `*.${key}`, `*.*.${key}`, `*.*.*.${key}`]);

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
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: REDACTED, censor: '[secret]' },
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
