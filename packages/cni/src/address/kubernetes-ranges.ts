import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { EvioError } from '@evio/types';
import { z } from 'zod';
import type { PodRanges } from '../plugin/address-book.ts';
import { replaceFile } from '../replace-file.ts';
import { parseCidr } from './ip.ts';

/** Where Kubernetes puts what a pod needs to talk to the API server. */
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
/** No answer is longer but a wrong one. */
const MOST_BYTES = 4 * 1024 * 1024;
const TIMEOUT_MS = 10_000;

export interface KubernetesAccess {
  /** `https://10.96.0.1:443` */
  readonly server: string;
  readonly tokenFile: string;
  /** PEM file. */
  readonly ca: string;
}

/** What a pod finds in its environment, with what the configuration says instead. */
export function kubernetesAccess(
  configured: Partial<KubernetesAccess>,
  environment: Readonly<Record<string, string | undefined>>,
): KubernetesAccess {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = environment;
  const bracketed = host?.includes(':') ? `[${host}]` : host;
  const server =
    configured.server ?? (host === undefined ? undefined : `https://${bracketed}:${port}`);
  if (server === undefined) {
    throw new EvioError(
      'KUBERNETES_UNKNOWN',
      'cni.kubernetes.server is not set and the agent runs in no pod, so the API server is not known',
    );
  }
  return {
    server,
    tokenFile: configured.tokenFile ?? `${SERVICE_ACCOUNT}/token`,
    ca: configured.ca ?? `${SERVICE_ACCOUNT}/ca.crt`,
  };
}

const NodeObject = z.object({
  spec: z
    .object({ podCIDR: z.string().optional(), podCIDRs: z.array(z.string()).optional() })
    .optional(),
});

/** `spec.podCIDRs` of a node object; empty as long as the controller has given it none. */
export function podCidrsOf(json: string): string[] {
  const { spec } = NodeObject.parse(JSON.parse(json));
  const cidrs = spec?.podCIDRs ?? (spec?.podCIDR === undefined ? [] : [spec.podCIDR]);
  return cidrs.filter(cidr => parseCidr(cidr) !== undefined);
}

/** Asks the API server for a node's pod ranges. The token is read anew: it is replaced every hour. */
export function fetchPodCidrs(node: string, access: KubernetesAccess): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const failed = (why: string) =>
      reject(new EvioError('KUBERNETES_FAILED', `${access.server}: node ${node}: ${why}`));
    const url = `${access.server}/api/v1/nodes/${encodeURIComponent(node)}`;
    const asked = request(
      url,
      {
        ca: readFileSync(access.ca),
        headers: { authorization: `Bearer ${readFileSync(access.tokenFile, 'utf8').trim()}` },
        timeout: TIMEOUT_MS,
      },
      response => {
        let text = '';
        response.setEncoding('utf8').on('data', (piece: string) => {
          text += piece;
          if (text.length > MOST_BYTES) response.destroy(new Error('the answer is too long'));
        });
        response.once('error', error => failed(error.message));
        response.once('end', () => {
          if (response.statusCode !== 200) return failed(`HTTP status ${response.statusCode}`);
          try {
            resolve(podCidrsOf(text));
          } catch {
            failed('the answer is no node');
          }
        });
      },
    );
    asked.once('timeout', () => asked.destroy(new Error('no answer in time')));
    asked.once('error', error => failed(error.message));
    asked.end();
  });
}

/**
 * The ranges that Kubernetes gave this node, kept in a file for starts without the API server: a node's
 * `spec.podCIDRs` never change once they are set.
 */
export class KubernetesRanges {
  readonly #networks: readonly string[];
  readonly #file: string;
  readonly #fetch: () => Promise<readonly string[]>;
  #ranges: readonly string[];
  #problem = 'the API server was not asked yet';

  /** `networks`: the whole pod network. */
  constructor(options: {
    readonly networks: readonly string[];
    readonly file: string;
    readonly fetch: () => Promise<readonly string[]>;
  }) {
    this.#networks = options.networks;
    this.#file = options.file;
    this.#fetch = options.fetch;
    this.#ranges = readRanges(options.file);
  }

  ranges(): PodRanges | { readonly missing: string } {
    if (this.#ranges.length === 0) return { missing: this.#problem };
    return { networks: this.#inOrder(), ranges: this.#ranges };
  }

  /** Asks once; whoever calls repeats it as long as there is no range. */
  async refresh(): Promise<void> {
    try {
      const ranges = await this.#fetch();
      const outside = ranges.find(
        range => !this.#networks.some(network => isWithin(range, network)),
      );
      if (outside !== undefined) {
        this.#problem = `cni.pod_cidr does not hold ${outside}, the node's spec.podCIDRs`;
      } else if (ranges.length === 0) this.#problem = 'the node has no spec.podCIDRs yet';
      else if (ranges.join() !== this.#ranges.join()) {
        replaceFile(this.#file, JSON.stringify(ranges), 0o600);
        this.#ranges = ranges;
      }
    } catch (error) {
      this.#problem = error instanceof Error ? error.message : String(error);
    }
  }

  /** The network of each range. */
  #inOrder(): string[] {
    return this.#ranges.map(
      range => this.#networks.find(network => isWithin(range, network)) ?? range,
    );
  }
}

function isWithin(range: string, network: string): boolean {
  const inner = parseCidr(range);
  const outer = parseCidr(network);
  return (
    inner !== undefined &&
    outer !== undefined &&
    inner.length >= outer.length &&
    outer.contains(inner.address)
  );
}

function readRanges(file: string): string[] {
  try {
    return z.array(z.string()).parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return []; // the API server knows
  }
}
