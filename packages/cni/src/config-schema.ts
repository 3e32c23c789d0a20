import { z } from 'zod';

/**
 * The section `cni` of `evio.yaml`. The agent's schema includes it; the `error` of each leaf is the phrase that
 * follows "expected" in a message.
 */

const text = (error: string) => z.string({ error }).min(1, { error });
const path = (description: string) => text('a file path').meta({ description });

const PodNetworks = z
  .array(text('a network like 10.244.0.0/16'), {
    error: 'a list of networks like 10.244.0.0/16, at most one of each family',
  })
  .min(1, { error: 'at least one network' })
  .max(2, { error: 'at most one network of each family' });

const Kubernetes = z
  .strictObject(
    {
      node: text('the name of the node')
        .meta({
          description: 'Name of this node in the cluster; by default that of the agent.',
        })
        .optional(),
      server: text('an URL like https://10.96.0.1:443')
        .meta({
          description: 'API server; by default that of the pod the agent runs in.',
        })
        .optional(),
      token_file: path(
        'File with a token that may get nodes; by default that of the service account.',
      ).optional(),
      ca: path(
        'PEM file with the authorities of the API server; by default those of the service account.',
      ).optional(),
    },
    { error: 'a mapping (key: value)' },
  )
  .meta({ description: 'Take the range from spec.podCIDRs of the node instead of claiming one.' });

export const CniSection = z
  .strictObject(
    {
      overlay: text('the name of an overlay').meta({
        description: 'Overlay that carries the pod network; its interface needs a bridge.',
      }),
      socket: path('Unix socket that the CNI plugin talks to.').default('/run/evio/cni.sock'),
      pod_cidr: PodNetworks.meta({
        description: 'All of the pod network, one CIDR of each family; equal on all nodes.',
      }),
      node_bits: z
        .int({ error: 'a whole number from 0 to 16' })
        .min(0, { error: 'a whole number from 0 to 16' })
        .max(16, { error: 'a whole number from 0 to 16' })
        .default(8)
        .meta({
          description:
            'Bits after the prefix of pod_cidr that number the nodes; equal on all nodes.',
        }),
      node_index: z
        .int({ error: 'a whole number from 0 to 65535' })
        .min(0, { error: 'a whole number from 0 to 65535' })
        .max(65535, { error: 'a whole number from 0 to 65535' })
        .meta({ description: "This node's part, if it is given by hand instead of being claimed." })
        .optional(),
      kubernetes: Kubernetes.optional(),
    },
    { error: 'a mapping with overlay and pod_cidr' },
  )
  .meta({ description: 'The CNI plugin: pods of this host on an overlay.' });

/** The section with its defaults filled in. */
export type CniSection = z.output<typeof CniSection>;
