import { run } from '../lab/command.ts';

/** A service as kube-proxy sees it: an address that stands for one pod. */
export interface Service {
  readonly address: string;
  readonly port: number;
  readonly pod: string;
  readonly podPort: number;
  /** `--cluster-cidr`: who is not of it, gets the node's address on the way to the pod. */
  readonly podNetwork: string;
}

/** Puts a command into the node's network namespace. */
type Enter = (argv: readonly string[]) => string[];

/**
 * Brings a node into the state that kube-proxy makes in one of its modes. (Debian has no kube-proxy: these
 * are the chains of its iptables proxier, and the table of its nftables proxier, for one service.)
 */
export async function layService(
  enter: Enter,
  mode: 'iptables' | 'nftables',
  service: Service,
): Promise<void> {
  // As kubeadm asks for: pods of one node answer each other past its routing.
  await run(enter(['sh', '-ec', 'echo 1 >/proc/sys/net/bridge/bridge-nf-call-iptables']));
  const [program, rules] =
    mode === 'iptables'
      ? [['iptables-restore', '--noflush'], iptablesRules(service)]
      : [['nft', '-f', '-'], nftablesRules(service)];
  await run(enter(program), { input: rules });
}

/** Takes it away. */
export async function removeService(enter: Enter, mode: 'iptables' | 'nftables'): Promise<void> {
  if (mode === 'nftables') await run(enter(['nft', 'delete', 'table', 'ip', 'kube-proxy']));
  else await run(enter(['iptables', '-t', 'nat', '-F']));
}

function iptablesRules({ address, port, pod, podPort, podNetwork }: Service): string {
  return `*nat
:KUBE-SERVICES - [0:0]
:KUBE-SVC-ONE - [0:0]
:KUBE-SEP-ONE - [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-POSTROUTING - [0:0]
-A PREROUTING -j KUBE-SERVICES
-A OUTPUT -j KUBE-SERVICES
-A POSTROUTING -j KUBE-POSTROUTING
-A KUBE-SERVICES -d ${address}/32 -p tcp -m tcp --dport ${port} -j KUBE-SVC-ONE
-A KUBE-SVC-ONE ! -s ${podNetwork} -j KUBE-MARK-MASQ
-A KUBE-SVC-ONE -j KUBE-SEP-ONE
-A KUBE-SEP-ONE -s ${pod}/32 -j KUBE-MARK-MASQ
-A KUBE-SEP-ONE -p tcp -m tcp -j DNAT --to-destination ${pod}:${podPort}
-A KUBE-MARK-MASQ -j MARK --or-mark 0x4000
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --xor-mark 0x4000
-A KUBE-POSTROUTING -j MASQUERADE
COMMIT
`;
}

function nftablesRules({ address, port, pod, podPort, podNetwork }: Service): string {
  return `table ip kube-proxy {
  chain mark-for-masquerade { meta mark set meta mark or 0x4000; }
  chain endpoint {
    ip saddr ${pod} jump mark-for-masquerade
    meta l4proto tcp dnat to ${pod}:${podPort}
  }
  chain service {
    ip saddr != ${podNetwork} jump mark-for-masquerade
    goto endpoint
  }
  chain services { ip daddr ${address} tcp dport ${port} goto service; }
  chain nat-prerouting { type nat hook prerouting priority dstnat; jump services; }
  chain nat-output { type nat hook output priority -100; jump services; }
  chain nat-postrouting {
    type nat hook postrouting priority srcnat
    meta mark & 0x4000 != 0 meta mark set meta mark xor 0x4000 masquerade
  }
}
`;
}
