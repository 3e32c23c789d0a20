import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CommandOptions, type CommandResult, type Host, run } from '../lab/index.ts';
import { EVIO, ROOT } from '../lab/paths.ts';

/** Where a newly installed Evio has nothing yet. */
const EMPTY = ['/etc/evio', '/var/lib', '/run', '/etc/systemd/system'];

/**
 * A host of the lab as it is right after the installation: its own empty `/etc/evio`, `/var/lib` and
 * `/run`, `evio` on the path, and systemd. Commands run in it as a person would type them.
 *
 * A stand-in for systemctl runs what a unit's ExecStart says and knows the words that Evio and its
 * documentation use: it is there at once, where a Machine with its own systemd takes seconds.
 */
export class FreshHost {
  readonly host: Host;
  readonly #holder: ChildProcess;
  readonly #path: string;

  private constructor(host: Host, holder: ChildProcess, path: string) {
    this.host = host;
    this.#holder = holder;
    this.#path = path;
  }

  /**
   * @param directory for the stand-in; removed by whoever made it.
   * @param options.empty further folders of its own, with nothing in them.
   */
  static async install(
    host: Host,
    directory: string,
    { empty = [] }: { readonly empty?: readonly string[] } = {},
  ): Promise<FreshHost> {
    const programs = join(directory, `programs-${host.name}`);
    await mkdir(programs, { recursive: true });
    await symlink(EVIO, join(programs, 'evio'));
    const standIn = join(programs, 'systemctl');
    await writeFile(standIn, STAND_IN);
    await chmod(standIn, 0o755);
    const mounts = [...EMPTY, ...empty].map(
      path => `mkdir -p ${path} && mount -t tmpfs -o mode=755 none ${path}`,
    );
    const script = [
      'mount --make-rprivate /',
      ...mounts,
      'mkdir -p /run/systemd/system',
      `cp ${ROOT}/systemd/*.service /etc/systemd/system/`,
      'echo ready',
      'exec cat',
    ].join(' && ');
    const holder = host.spawn(['unshare', '--mount', 'sh', '-euc', script], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    if (holder.stdout === null) throw new Error('the holder has no output');
    await once(holder.stdout, 'data');
    return new FreshHost(host, holder, programs);
  }

  /** Runs a shell command in it. */
  sh(command: string, options: CommandOptions = {}): Promise<CommandResult> {
    const env = { ...options.env, PATH: `${this.#path}:${process.env['PATH']}` };
    return run([...this.#enter(), 'sh', '-euc', command], { timeoutMs: 120_000, ...options, env });
  }

  /** Starts a command in it that goes on running. */
  start(command: string): ChildProcess {
    const env = { ...process.env, PATH: `${this.#path}:${process.env['PATH']}` };
    const [program = '', ...args] = [...this.#enter(), 'sh', '-euc', `exec ${command}`];
    return spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
  }

  /** Stops the units that run in it, and with the holder its mounts go. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.sh('systemctl stop-all', { check: false });
    const ended = once(this.#holder, 'exit');
    this.#holder.stdin?.end();
    await ended;
  }

  #enter(): string[] {
    return ['nsenter', `--target=${this.#holder.pid}`, '--mount', '--net', '--'];
  }
}

/** `systemctl` for one unit at a time, by its ExecStart; a log of each in /run/units. */
const STAND_IN = `#!/bin/sh
set -eu
words=''
now=no
for word; do
  case $word in
    --now) now=yes ;;
    -*) ;;
    *) words="$words $word" ;;
  esac
done
set -- $words
verb=$1
unit=\${2:-}
unit=\${unit%.service}
file=/etc/systemd/system/$unit.service
state=/run/units
mkdir -p "$state"
pid() { cat "$state/$unit.pid" 2>/dev/null || echo 0; }
active() { p=$(pid); [ "$p" -gt 0 ] && kill -0 "$p" 2>/dev/null; }
command_of() { sed -n "s|^$1=/usr/bin/||p" "$file"; }
start() {
  active && return
  setsid sh -c "exec $(command_of ExecStart)" >"$state/$unit.log" 2>&1 </dev/null &
  echo $! >"$state/$unit.pid"
  # Type=notify: started when it is ready.
  grep -q ^Type=notify "$file" || return 0
  for _ in $(seq 150); do { [ -S "/run/$unit/$unit.sock" ] || grep -qx ready "$state/$unit.log"; } && return; sleep 0.1; done
  exit 1
}
stop() {
  active || return 0
  kill "$(pid)"
  for _ in $(seq 100); do active || return 0; sleep 0.1; done
  kill -9 "$(pid)"
  while active; do sleep 0.1; done
}
case $verb in
  stop-all) for f in "$state"/*.pid; do [ -e "$f" ] || continue; unit=$(basename "$f" .pid); stop; done; exit ;;
esac
[ -e "$file" ] || { echo "Unit $unit.service could not be found." >&2; exit 5; }
case $verb in
  cat) cat "$file" ;;
  is-active) active || exit 3 ;;
  start) start ;;
  stop) stop ;;
  restart) stop; start ;;
  reload) sh -c "$(command_of ExecReload)" ;;
  enable) touch "$state/$unit.enabled"; if [ $now = yes ]; then start; fi ;;
  disable) rm -f "$state/$unit.enabled"; if [ $now = yes ]; then stop; fi ;;
  *) echo "the stand-in does not know: $verb" >&2; exit 1 ;;
esac
`;
