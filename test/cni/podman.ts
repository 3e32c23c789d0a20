import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CommandOptions, type CommandResult, run } from '../lab/command.ts';

/** What is true of podman on these machines: no CAP_SYS_RESOURCE, no systemd to make cgroups. */
const configText = (binDir: string, confDir: string) => `[containers]
default_ulimits = ["nofile=1024:4096", "nproc=1024:4096"]
[engine]
cgroup_manager = "cgroupfs"
runtime = "runc"
events_logger = "none"
[network]
network_backend = "cni"
cni_plugin_dirs = ["${binDir}"]
network_config_dir = "${confDir}"
`;

/** A podman with storage and networks of its own. */
export class Podman {
  readonly #directory: string;
  readonly #binDir: string;
  readonly #enter: (argv: readonly string[]) => string[];

  /** `enter`: puts a command into the node's network namespace. */
  constructor(
    directory: string,
    binDir: string,
    enter: (argv: readonly string[]) => string[] = argv => [...argv],
  ) {
    this.#directory = directory;
    this.#binDir = binDir;
    this.#enter = enter;
  }

  /** Where network configurations belong. */
  get confDir(): string {
    return join(this.#directory, 'net.d');
  }

  async prepare(): Promise<this> {
    await mkdir(this.confDir, { recursive: true });
    await writeFile(
      join(this.#directory, 'containers.conf'),
      configText(this.#binDir, this.confDir),
    );
    return this;
  }

  command(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    const storage = [
      '--root',
      join(this.#directory, 'root'),
      '--runroot',
      join(this.#directory, 'run'),
    ];
    return run(this.#enter(['podman', ...storage, '--storage-driver', 'vfs', ...args]), {
      timeoutMs: 120_000,
      ...options,
      env: { ...options.env, CONTAINERS_CONF: join(this.#directory, 'containers.conf') },
    });
  }

  async dispose(): Promise<void> {
    await this.command(['rm', '--all', '--force', '--time', '0'], { check: false });
    await this.command(['rmi', '--all', '--force'], { check: false });
  }
}
