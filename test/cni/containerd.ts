import { type ChildProcess, spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { credentials, loadPackageDefinition, type ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { exitCode, run } from '../lab/command.ts';
import { detach } from '../lab/lines.ts';
import type { CniNode } from './cni-node.ts';
import { POD_IMAGE } from './pod-image.ts';

type Json = ReturnType<typeof JSON.parse>;
type Method = (
  request: object,
  options: { deadline: number },
  callback: (error: ServiceError | null, answer: Json) => void,
) => void;

/** A port of the host that leads to one of a pod. */
export interface HostPort {
  readonly host: number;
  readonly container: number;
}

/** A pod with one container in it. */
export interface CriPod {
  readonly sandboxId: string;
  readonly containerId: string;
  readonly addresses: readonly string[];
}

/** What is true of containerd on these machines: no CAP_SYS_RESOURCE, no AppArmor. */
const configText = (directory: string, node: CniNode) => `version = 2
root = "${directory}/root"
state = "${directory}/run"
disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.btrfs"]
[grpc]
  address = "${directory}/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  restrict_oom_score_adj = true
  disable_apparmor = true
  sandbox_image = "${POD_IMAGE}"
  stream_server_address = "127.0.0.1"
[plugins."io.containerd.grpc.v1.cri".containerd]
  snapshotter = "native"
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "${node.bin}"
  conf_dir = "${directory}/net.d"
`;

/** A containerd of its own on a node, driven over the Container Runtime Interface as kubelet does. */
export class Containerd {
  readonly #directory: string;
  readonly #node: CniNode;
  readonly #pods = new Set<string>();
  #child: ChildProcess | undefined;
  #client: Record<string, Method> | undefined;
  #count = 0;

  constructor(node: CniNode) {
    this.#node = node;
    this.#directory = join(node.directory, 'containerd');
  }

  /** Where the network configuration belongs. */
  get confDir(): string {
    return join(this.#directory, 'net.d');
  }

  async start(image: string): Promise<void> {
    await mkdir(this.confDir, { recursive: true });
    const file = join(this.#directory, 'config.toml');
    await writeFile(file, configText(this.#directory, this.#node));
    const log = openSync(join(this.#directory, 'log'), 'a');
    // Not by `ip netns exec`: the namespaces of pods that it mounts must be seen by the agent.
    const [program = '', ...args] = this.#node.enter(['containerd', '--config', file]);
    this.#child = spawn(program, args, { stdio: ['ignore', log, log] });
    detach(this.#child);
    const socket = join(this.#directory, 'containerd.sock');
    const definition = loadSync(join(import.meta.dirname, 'cri.proto'), { keepCase: true });
    const loaded: Json = loadPackageDefinition(definition);
    this.#client = new loaded.runtime.v1.RuntimeService(
      `unix:${socket}`,
      credentials.createInsecure(),
    );
    await this.#untilItAnswers();
    await run(['ctr', '--address', socket, '--namespace', 'k8s.io', 'images', 'import', image], {
      timeoutMs: 60_000,
    });
  }

  /** Runs a pod with one container; as in kubelet, the runtime calls the CNI plugin. */
  async run(
    name: string,
    command: readonly string[] = [],
    ports: readonly HostPort[] = [],
  ): Promise<CriPod> {
    this.#count += 1;
    const config = {
      metadata: { name, uid: `${name}-${this.#count}`, namespace: 'default', attempt: 0 },
      port_mappings: ports.map(({ host, container }) => ({
        protocol: 'TCP',
        container_port: container,
        host_port: host,
      })),
    };
    const { pod_sandbox_id: sandboxId } = await this.#call('RunPodSandbox', { config });
    this.#pods.add(sandboxId);
    const { container_id: containerId } = await this.#call('CreateContainer', {
      pod_sandbox_id: sandboxId,
      sandbox_config: config,
      config: { metadata: { name, attempt: 0 }, image: { image: POD_IMAGE }, command },
    });
    await this.#call('StartContainer', { container_id: containerId });
    const { status } = await this.#call('PodSandboxStatus', { pod_sandbox_id: sandboxId });
    const more = (status.network.additional_ips ?? []).map(({ ip }: { ip: string }) => ip);
    return { sandboxId, containerId, addresses: [status.network.ip, ...more] };
  }

  /** Runs a shell command in a pod. @throws when it exits with another code than 0. */
  async exec(pod: CriPod, script: string, timeoutSeconds = 30): Promise<string> {
    const answer = await this.#call('ExecSync', {
      container_id: pod.containerId,
      cmd: ['/bin/sh', '-c', script],
      timeout: timeoutSeconds,
    });
    const text = Buffer.from(answer.stdout ?? '').toString();
    if ((answer.exit_code ?? 0) === 0) return text;
    const said = Buffer.from(answer.stderr ?? '').toString();
    throw new Error(`"${script}" exited with ${answer.exit_code}: ${text}${said}`);
  }

  async remove({ sandboxId }: Pick<CriPod, 'sandboxId'>): Promise<void> {
    await this.#call('StopPodSandbox', { pod_sandbox_id: sandboxId });
    await this.#call('RemovePodSandbox', { pod_sandbox_id: sandboxId });
    this.#pods.delete(sandboxId);
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    for (const sandboxId of this.#pods) await this.remove({ sandboxId }).catch(() => undefined);
    child.ref();
    const ended = exitCode(child);
    child.kill('SIGTERM');
    await ended;
  }

  async #untilItAnswers(): Promise<void> {
    for (let tries = 0; tries < 200; tries++) {
      try {
        await this.#call('Version', {});
        return;
      } catch {
        await sleep(100);
      }
    }
    const log = await readFile(join(this.#directory, 'log'), 'utf8');
    throw new Error(`containerd does not answer:\n${log.slice(-3000)}`);
  }

  #call(method: string, request: object): Promise<Json> {
    return new Promise((resolve, reject) => {
      const deadline = Date.now() + 60_000;
      this.#client?.[method]?.(request, { deadline }, (error, answer) => {
        if (error === null) resolve(answer);
        else reject(new Error(`${method}: ${error.details}`));
      });
    });
  }
}
