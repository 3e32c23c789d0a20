import { execFile } from 'node:child_process';
import { EvioError } from '@evio/types';

/** Tells the service manager how the agent is (sd_notify(3)). Outside of systemd it does nothing. */
export interface ServiceNotifier {
  /** The overlays are set up; `systemctl start` returns. */
  ready(status: string): void;
  /** The graceful stop has begun. */
  stopping(): void;
  /** The one line that `systemctl status` shows. */
  status(text: string): void;
  /**
   * Begins to answer the watchdog, twice per period, as long as `healthy` says so; a process that
   * hangs or is not healthy gets killed and restarted by systemd.
   */
  watch(healthy: () => boolean): void;
  /** Ends the watchdog's timer. */
  close(): void;
}

export interface ServiceNotifierOptions {
  /** Where `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID` are. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly onFault: (error: EvioError) => void;
  /** Sends one message of `KEY=value` lines; {@link sendByCommand} when absent. */
  readonly send?: (message: string, socket: string) => Promise<void>;
}

/**
 * Node has no datagram unix sockets, so `systemd-notify`, which is there wherever systemd is, sends
 * the message; the unit needs `NotifyAccess=all`. It waits until systemd has taken the message, so
 * that systemd still knows which service the sender belongs to.
 */
export function sendByCommand(message: string, socket: string): Promise<void> {
  const options = { timeout: 5000, env: { ...process.env, NOTIFY_SOCKET: socket } };
  return new Promise((resolve, reject) => {
    execFile('systemd-notify', message.split('\n'), options, (error, _out, stderr) => {
      if (!error) return resolve();
      const text = `systemd-notify failed: ${stderr.trim() || error.message}`;
      reject(new EvioError('NOTIFY_FAILED', text, { cause: error }));
    });
  });
}

/** @returns a notifier that does nothing when the environment names no `NOTIFY_SOCKET`. */
export function createServiceNotifier(options: ServiceNotifierOptions): ServiceNotifier {
  const { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID } = options.environment;
  const send = options.send ?? sendByCommand;
  // One at a time: messages must not overtake each other.
  let last = Promise.resolve();
  const tell = (message: string) => {
    if (!NOTIFY_SOCKET) return;
    last = last
      .then(() => send(message, NOTIFY_SOCKET))
      .catch((error: unknown) => {
        options.onFault(
          error instanceof EvioError
            ? error
            : new EvioError('NOTIFY_FAILED', 'the service manager was not told', { cause: error }),
        );
      });
  };
  const ours = WATCHDOG_PID === undefined || Number(WATCHDOG_PID) === process.pid;
  const periodMs = ours ? Number(WATCHDOG_USEC ?? 0) / 1000 : 0;
  let timer: NodeJS.Timeout | undefined;
  const oneLine = (text: string) => text.replaceAll('\n', ' ');
  return {
    ready: status => tell(`READY=1\nSTATUS=${oneLine(status)}`),
    stopping: () => tell('STOPPING=1\nSTATUS=stopping'),
    status: text => tell(`STATUS=${oneLine(text)}`),
    watch: healthy => {
      if (!(periodMs > 0) || !NOTIFY_SOCKET) return;
      clearInterval(timer);
      timer = setInterval(() => {
        if (healthy()) tell('WATCHDOG=1');
      }, periodMs / 2);
      timer.unref();
    },
    close: () => clearInterval(timer),
  };
}
