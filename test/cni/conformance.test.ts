/**
 * The MUSTs of the CNI specification (1.1.0, by its sections) that a plugin can be held to from outside, run
 * against ours and, as a check of the suite itself, against the `bridge` plugin of the CNI project.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { run } from '../lab/command.ts';
import { Lab } from '../lab/index.ts';
import { CniNode } from './cni-node.ts';
import { Runtime, Sandbox } from './runtime.ts';

interface Subject {
  readonly name: string;
  /** Versions that it says it supports and is held to. */
  readonly versions: readonly string[];
  readonly config: (version: string) => Record<string, unknown>;
  /** Whether it has GC and STATUS (CNI 1.1.0). */
  readonly has110: boolean;
  /** Whether VERSION answers in the version of the call; Go's skeleton always says its newest. */
  readonly echoesVersion: boolean;
}

let lab: Lab;
let node: CniNode;
let runtime: Runtime;
let count = 0;

before(async () => {
  lab = await Lab.create({ sites: { dc: { nat: 'none', hosts: ['n1'] } } });
  node = new CniNode(lab.host('n1'), lab.directory, {
    networks: ['10.244.0.0/16'],
    ranges: ['10.244.3.0/24'],
  });
  await node.start();
  runtime = new Runtime(node.bin, argv => node.enter(argv));
});

after(async () => {
  await node?.stop();
  await lab?.[Symbol.asyncDispose]();
});

const sandbox = (): Promise<Sandbox> => {
  count += 1;
  return Sandbox.create(`evio-${lab.id}-`, `c${count}`);
};

const subjects: readonly Subject[] = [
  {
    name: 'evio',
    versions: ['0.3.1', '0.4.0', '1.0.0', '1.1.0'],
    config: version => node.config({ cniVersion: version }),
    has110: true,
    echoesVersion: true,
  },
  {
    name: 'bridge',
    versions: ['0.3.1', '0.4.0', '1.0.0'],
    config: version => ({
      cniVersion: version,
      name: 'reference',
      type: 'bridge',
      bridge: 'reference0',
      isDefaultGateway: true,
      ipam: {
        type: 'host-local',
        subnet: '10.99.0.0/16',
        dataDir: join(node.directory, 'reference'),
      },
    }),
    has110: false,
    echoesVersion: false,
  },
];

for (const subject of subjects) {
  describe(subject.name, () => {
    const newest = subject.versions.at(-1) ?? '';
    const call = (
      command: string,
      pod?: Sandbox,
      change: object = {},
      version = newest,
      environment = {},
    ) =>
      runtime.call({
        command,
        config: { ...subject.config(version), ...change },
        ...(pod && { sandbox: pod }),
        environment,
      });

    test('§2 VERSION: prints the versions it supports, cniVersion as it came', async () => {
      for (const version of subject.versions) {
        const { code, output } = await call('VERSION', undefined, {}, version);
        assert.equal(code, 0);
        if (subject.echoesVersion) assert.equal(output.cniVersion, version);
        for (const each of subject.versions) assert.ok(output.supportedVersions.includes(each));
      }
    });

    test('§2 ADD: makes the interface CNI_IFNAME in the namespace, and tells interfaces, ips and routes', async () => {
      for (const version of subject.versions) {
        await using pod = await sandbox();
        const { code, output } = await call('ADD', pod, {}, version);
        assert.equal(code, 0, JSON.stringify(output));
        assert.equal(output.cniVersion, version);
        const index = output.interfaces.findIndex(
          (each: { name: string; sandbox?: string }) => each.sandbox === pod.netns,
        );
        assert.equal(output.interfaces[index].name, 'eth0');
        const [ip] = output.ips;
        assert.equal(ip.interface, index);
        assert.equal(ip.version, version < '1.0.0' ? '4' : undefined);
        const { stdout } = await pod.exec(['ip', '-json', 'address', 'show', 'dev', 'eth0']);
        const [link] = JSON.parse(stdout);
        assert.equal(link.address, output.interfaces[index].mac);
        assert.ok(
          link.addr_info.some((each: { local: string }) => ip.address.startsWith(`${each.local}/`)),
        );
        assert.equal((await call('DEL', pod, {}, version)).code, 0);
      }
    });

    test('§2 ADD: an interface of that name in the namespace is an error, and stays', async () => {
      await using pod = await sandbox();
      await pod.exec(['ip', 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'other']);
      const { code, output } = await call('ADD', pod);
      assert.notEqual(code, 0);
      assert.equal(typeof output.code, 'number');
      await pod.exec(['ip', 'link', 'show', 'dev', 'eth0']);
    });

    test('§2 DEL: removes the interface; succeeds again, and when the namespace is gone', async () => {
      await using pod = await sandbox();
      const { output: prevResult } = await call('ADD', pod);
      assert.equal((await call('DEL', pod, { prevResult })).code, 0);
      assert.notEqual(
        (await pod.exec(['ip', 'link', 'show', 'dev', 'eth0'], { check: false })).code,
        0,
      );
      assert.equal((await call('DEL', pod, { prevResult })).code, 0);
      assert.equal((await call('DEL', pod, {}, newest, { CNI_NETNS: '' })).code, 0);
      const gone = await sandbox();
      await call('ADD', gone);
      await run(['ip', 'netns', 'del', gone.name]);
      assert.equal((await call('DEL', gone)).code, 0);
    });

    test('§2 CHECK: holds after ADD, fails when the interface is gone', async () => {
      await using pod = await sandbox();
      const { output: prevResult } = await call('ADD', pod);
      const holds = await call('CHECK', pod, { prevResult });
      assert.equal(holds.code, 0, holds.stdout);
      assert.equal(holds.output, undefined);
      await pod.exec(['ip', 'link', 'del', 'eth0']);
      assert.notEqual((await call('CHECK', pod, { prevResult })).code, 0);
      await call('DEL', pod, { prevResult });
    });

    test('§2 parameters: what is missing is an error of code 4', async () => {
      await using pod = await sandbox();
      for (const name of ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME']) {
        const { code, output } = await call('ADD', pod, {}, newest, { [name]: '' });
        assert.notEqual(code, 0);
        assert.equal(output.code, 4, name);
      }
    });

    test('§5 errors: a version that is not supported is code 1, what is no JSON code 6', async () => {
      await using pod = await sandbox();
      const { output } = await call('ADD', pod, { cniVersion: '9.9.9' });
      assert.equal(output.code, 1);
      assert.equal(typeof output.msg, 'string');
      const broken = await run(node.enter([join(node.bin, subject.name)]), {
        // Enough for our shim to find the agent, but no JSON.
        input: `{"socket":"${node.socket}",`,
        check: false,
        env: {
          CNI_COMMAND: 'ADD',
          CNI_CONTAINERID: pod.id,
          CNI_NETNS: pod.netns,
          CNI_IFNAME: 'eth0',
          CNI_PATH: node.bin,
        },
      });
      assert.notEqual(broken.code, 0);
      assert.equal(JSON.parse(broken.stdout).code, 6);
    });

    test('§1 configuration: keys that it does not know are ignored', async () => {
      await using pod = await sandbox();
      assert.equal((await call('ADD', pod, { somethingNew: { a: [1] } })).code, 0);
      assert.equal((await call('DEL', pod)).code, 0);
    });

    if (subject.has110) {
      test('§2 GC and STATUS: remove what is not listed; say whether ADD would work', async () => {
        await using pod = await sandbox();
        await call('ADD', pod);
        assert.equal((await call('STATUS')).code, 0);
        assert.equal((await call('GC', undefined, { 'cni.dev/valid-attachments': [] })).code, 0);
        assert.notEqual(
          (await pod.exec(['ip', 'link', 'show', 'dev', 'eth0'], { check: false })).code,
          0,
        );
      });
    }
  });
}
