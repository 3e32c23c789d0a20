/** What is in config/kubernetes fits together, as far as it can be told without a cluster. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CniSection } from '@evio/cni/config';
import { parseAllDocuments } from 'yaml';
import { ROOT } from '../lab/paths.ts';

const directory = join(ROOT, 'config', 'kubernetes');

/** All objects of a file. */
function objectsOf(file: string): ReturnType<typeof JSON.parse>[] {
  return parseAllDocuments(readFileSync(join(directory, file), 'utf8')).map(document => {
    assert.deepEqual(document.errors, [], file);
    return document.toJS();
  });
}

test('every manifest is YAML, and every file that a kustomization names is there', () => {
  for (const file of globSync('**/*.yaml', { cwd: directory })) {
    for (const object of objectsOf(file)) {
      if (object.kind !== 'Kustomization') continue;
      const patches = (object.patches ?? []).map(({ path }: { path: string }) => path);
      const maps = (object.configMapGenerator ?? []).flatMap(
        ({ files = [] }: { files?: string[] }) => files.map(each => each.split('=').at(-1)),
      );
      const resources: string[] = object.resources ?? [];
      for (const name of [
        ...resources.filter(each => each.endsWith('.yaml')),
        ...patches,
        ...maps,
      ]) {
        assert.ok(objectsOf(join(file, '..', name)).length > 0, `${file}: ${name}`);
      }
    }
  }
});

test('containers mount only volumes that are there, with the patch as well', () => {
  const [base] = objectsOf('base/daemonset.yaml');
  const [patch] = objectsOf('overlays/evio-cni/install.yaml');
  const specs = [base.spec.template.spec, patch.spec.template.spec];
  const names = new Set(
    specs.flatMap(({ volumes }) => volumes.map(({ name }: { name: string }) => name)),
  );
  const containers = specs.flatMap(({ initContainers = [], containers = [] }) => [
    ...initContainers,
    ...containers,
  ]);
  for (const { name, volumeMounts = [] } of containers) {
    for (const mount of volumeMounts) assert.ok(names.has(mount.name), `${name}: ${mount.name}`);
  }
});

test('the service account may do nothing but read nodes', () => {
  const objects = objectsOf('overlays/evio-cni/node-reader.yaml');
  const rules = objects.flatMap(({ rules = [] }) => rules);
  assert.deepEqual(rules, [{ apiGroups: [''], resources: ['nodes'], verbs: ['get'] }]);
});

test('what all nodes have in common is a section that the agent takes', () => {
  const [{ cni }] = objectsOf('overlays/evio-cni/common.yaml');
  assert.ok(CniSection.safeParse(cni).success);
});
