/**
 * The CNI plugin: pods of this node get an interface on the bridge of a pod overlay.
 *
 * A container runtime executes the native shim (`native/`), which passes the call to {@link CniService}
 * in the agent. There, `protocol/` reads it and shapes the answer, `plugin/` decides, `address/` knows
 * which addresses are this node's, `network/` makes interfaces. `install/` puts shim and configuration
 * where runtimes look for them.
 *
 * What it is there to prevent: two pods with one address ({@link RangeClaim}, {@link AttachmentStore}), a
 * pod that cannot be removed (kept deletions), interfaces that nobody owns any more (sweep, GC).
 *
 * @example
 * const service = await CniService.start({
 *   socket: '/run/evio/cni.sock', stateDir: '/var/lib/evio/cni', node: nodeId,
 *   bridge: 'evio-pods', mtu: 1400,
 *   ranges: () => ({ networks: ['10.244.0.0/16'], ranges: ['10.244.3.0/24'] }),
 * });
 */
export {
  ClaimedRanges,
  type HeardRecord,
  type PodClaimRecord,
} from './address/claimed-ranges.ts';
export {
  fetchPodCidrs,
  KubernetesRanges,
  kubernetesAccess,
} from './address/kubernetes-ranges.ts';
export { PodLayout } from './address/pod-layout.ts';
export {
  type Announcement,
  type Claim,
  type ClaimState,
  type Outcome,
  RangeClaim,
  type Vote,
} from './address/range-claim.ts';
export { CniService, type CniServiceOptions, type CniStatus } from './cni-service.ts';
export type { PodRanges } from './plugin/address-book.ts';
export { AttachmentStore } from './plugin/attachment-store.ts';
export type { CniAnswer, CniRequest } from './plugin/cni-plugin.ts';
