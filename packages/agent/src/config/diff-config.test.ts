import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AgentConfig, OverlayConfig } from './agent-config.ts';
import { diffConfig } from './diff-config.ts';

const overlay: OverlayConfig = {
  name: 'edge',
  xmpp: { jid: 'a@b.example', password: 'old', group: 'edge', allowPlain: false },
  interface: { name: 'evio0', addresses: ['10.0.0.1/24'], mtu: 1400 },
  ice: { servers: [], ignoreInterfaces: [] },
  topology: {
    successors: 2,
    shortcuts: 'auto',
    onDemand: 8,
    static: [],
    leaf: false,
    manual: false,
  },
};
const config: AgentConfig = {
  file: '/etc/evio/evio.yaml',
  name: 'a',
  stateDir: '/var/lib/evio',
  controlSocket: '/run/evio/evio.sock',
  listen: { port: 0 },
  log: { level: 'info' },
  dashboard: { enabled: true, listen: { address: '127.0.0.1', port: 9654 } },
  metrics: { enabled: false, listen: { address: '127.0.0.1', port: 9655 }, peerSeries: 200 },
  timers: { rekeySeconds: 120, rejectSeconds: 180, keepaliveSeconds: 4 },
  overlays: [overlay],
};
const withOverlay = (change: Partial<OverlayConfig>): AgentConfig => ({
  ...config,
  overlays: [{ ...overlay, ...change }],
});
const texts = (changes: readonly { text: string }[]) => changes.map(({ text }) => text);

test('nothing differs from itself', () => {
  assert.deepEqual(diffConfig(config, structuredClone(config)), {
    applicable: [],
    needsRestart: [],
  });
});

test('what a running agent can take over is told apart from what it cannot', () => {
  const next = {
    ...withOverlay({ interface: { ...overlay.interface, mtu: 1300, name: 'evio9' } }),
    log: { level: 'debug' },
    listen: { port: 5 },
  } as const;
  const { applicable, needsRestart } = diffConfig(config, next);
  assert.deepEqual(texts(applicable), [
    'log.level: "info" → "debug"',
    'interface.mtu: 1400 → 1300',
  ]);
  assert.deepEqual(texts(needsRestart), [
    'listen.port: 0 → 5',
    'interface.name: "evio0" → "evio9"',
  ]);
  assert.equal(applicable[1]?.overlay, 'edge');
});

test('secrets differ without being shown', () => {
  const next = withOverlay({
    xmpp: { ...overlay.xmpp, password: 'new' },
    secret: new Uint8Array(32).fill(7),
  });
  const { applicable, needsRestart } = diffConfig(config, next);
  assert.deepEqual(texts(applicable), ['xmpp.password_file: changed']);
  assert.deepEqual(texts(needsRestart), ['secret_file: changed']);
});

test('overlays come and go', () => {
  const other = { ...overlay, name: 'pods' };
  const { applicable } = diffConfig(config, { ...config, overlays: [other] });
  assert.deepEqual(applicable, [
    { overlay: 'edge', key: '', kind: 'removed', text: 'overlay edge: removed' },
    { overlay: 'pods', key: '', kind: 'added', text: 'overlay pods: added' },
  ]);
});
