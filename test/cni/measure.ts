/**
 * Measures what docs/kubernetes.md tells, and prints it as lines of JSON (several minutes, as root):
 *
 *   node test/cni/measure.ts [add|restart|tcp|memory …]      default: all
 *
 *   add      ADD at the shim and in the agent: median of 100 one at a time, slowest of 20 at once
 *   memory   of an agent with 200 pods against the same with none
 *   tcp      one stream, host to host on the overlay, pod to pod by the Evio CNI and in Flannel mode; the
 *            three alternate, the median of five rounds counts
 *   restart  the agent is killed and started, five times: the longest gap between replies to pings, and the
 *            longest pause of a TCP stream
 */
import { iperf, Namespace, PingStream } from '../lab/index.ts';
import { addFlannelPod, layFlannel } from './flannel.ts';
import { Sandbox } from './runtime.ts';
import { addPod, deletePod, TwoNodes } from './two-nodes.ts';

await using two = await TwoNodes.create();
const { lab } = two;
const [n0, n1] = two.nodes;
let count = 0;
const sandbox = () => Sandbox.create(`evio-${lab.id}-`, `m${count++}`);
const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const round = (value: number): number => Math.round(value * 10) / 10;

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

async function inAgent(): Promise<{ calls: number; ms: number }> {
  return (await n0.agent.status()).cni?.commands['ADD'] ?? { calls: 0, ms: 0 };
}

async function measureAdd() {
  const atShim: number[] = [];
  const agentMs: number[] = [];
  for (let number = 0; number < 100; number++) {
    const pod = await sandbox();
    const before = await inAgent();
    atShim.push(await timed(() => addPod(n0, pod)));
    agentMs.push((await inAgent()).ms - before.ms);
    await deletePod(n0, pod);
    await pod[Symbol.asyncDispose]();
  }
  const pods = await Promise.all(Array.from({ length: 20 }, sandbox));
  const parallel = await Promise.all(pods.map(pod => timed(() => addPod(n0, pod))));
  for (const pod of pods) {
    await deletePod(n0, pod);
    await pod[Symbol.asyncDispose]();
  }
  return {
    agentMedianMs: round(median(agentMs)),
    shimMedianMs: round(median(atShim)),
    slowestOf20Ms: round(Math.max(...parallel)),
  };
}

async function measureMemory() {
  const before = await n0.agent.residentBytes();
  const pods = [];
  for (let number = 0; number < 200; number++) {
    const pod = await sandbox();
    await addPod(n0, pod);
    pods.push(pod);
  }
  const after = await n0.agent.residentBytes();
  for (const pod of pods) {
    await deletePod(n0, pod);
    await pod[Symbol.asyncDispose]();
  }
  return { mibFor200Pods: round((after - before) / 1024 ** 2), mib: round(after / 1024 ** 2) };
}

async function measureTcp() {
  await layFlannel([n0.flannel, n1.flannel]);
  await using a = await sandbox();
  await using b = await sandbox();
  await using fa = await sandbox();
  await using fb = await sandbox();
  await addPod(n0, a);
  const evio = await addPod(n1, b);
  await addFlannelPod(n0.flannel, lab.directory, fa);
  const flannel = await addFlannelPod(n1.flannel, lab.directory, fb);
  const of = (pod: Sandbox) => new Namespace(pod.name);
  const hosts = [lab.host('n0').namespace, lab.host('n1').namespace] as const;
  const runs = { host: [] as number[], evio: [] as number[], flannel: [] as number[] };
  for (let number = 0; number < 5; number++) {
    runs.host.push((await iperf(hosts[0], hosts[1], n1.agent.address)).mbps);
    runs.evio.push((await iperf(of(a), of(b), evio)).mbps);
    runs.flannel.push((await iperf(of(fa), of(fb), flannel)).mbps);
  }
  const [host, pods, vxlan] = [median(runs.host), median(runs.evio), median(runs.flannel)];
  await deletePod(n0, a);
  await deletePod(n1, b);
  return {
    hostMbps: Math.round(host),
    evioMbps: Math.round(pods),
    flannelMbps: Math.round(vxlan),
    evioToHost: Math.round((pods / host) * 100) / 100,
    evioToFlannel: Math.round((pods / vxlan) * 100) / 100,
  };
}

async function measureRestart() {
  await using a = await sandbox();
  await using b = await sandbox();
  await addPod(n0, a);
  const address = await addPod(n1, b);
  const gaps: number[] = [];
  const pauses: number[] = [];
  for (let number = 0; number < 5; number++) {
    await using pings = new PingStream(new Namespace(a.name), address);
    await pings.count(20, 10_000);
    await n1.agent.kill9();
    await n1.agent.start();
    await pings.replyAfter(Date.now(), 10_000);
    await pings.count(pings.replies.length + 20, 10_000);
    const times = pings.replies.map(({ at }) => at);
    gaps.push(Math.max(...times.slice(1).map((at, index) => at - (times[index] ?? at))));
    const flow = iperf(new Namespace(a.name), new Namespace(b.name), address, { seconds: 5 });
    await pings.count(pings.replies.length + 20, 10_000); // the stream has begun
    await n1.agent.kill9();
    await n1.agent.start();
    pauses.push((await flow).longestPauseMs);
  }
  await deletePod(n0, a);
  await deletePod(n1, b);
  return { pingGapMs: round(median(gaps)), tcpPauseMs: median(pauses), pauses };
}

const wanted = process.argv.slice(2);
/** Prints each part as it comes: the whole takes minutes. */
for (const [name, measure] of Object.entries({
  add: measureAdd,
  restart: measureRestart,
  tcp: measureTcp,
  memory: measureMemory,
})) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.log(JSON.stringify({ [name]: await measure() }));
}
