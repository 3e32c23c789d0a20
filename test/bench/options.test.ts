import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseOptions, UsageError } from './options.ts';

const scenariosOf = (args: string[]) =>
  parseOptions(args).plan.blocks.flatMap(({ condition, scenarios }) =>
    scenarios.map(({ name }) => name + condition.suffix),
  );

test('a quick run has the main scenarios and all products, nothing that needs a lab of its own', () => {
  const { plan, peers } = parseOptions(['--quick']);
  assert.deepEqual(scenariosOf(['--quick']), ['tcp-1', 'tcp-4', 'packets-64', 'idle', 'loaded']);
  assert.deepEqual(plan.extras, []);
  assert.deepEqual(
    peers.map(({ name }) => name),
    [
      ...['underlay', 'vxlan', 'evio', 'wireguard-go', 'nebula', 'tinc', 'n2n', 'openvpn'],
      'evio-single',
    ],
  );
});

test('names limit a run, as one option or several', () => {
  const { peers, plan } = parseOptions(['--only', 'evio,nebula', '--only', 'tinc']);
  assert.deepEqual(
    peers.map(({ name }) => name),
    ['evio', 'nebula', 'tinc'],
  );
  assert.equal(plan.extras.length, 3);
  assert.deepEqual(scenariosOf(['--scenario', 'tcp-1-loss-1,idle']), ['idle', 'tcp-1-loss-1']);
  assert.deepEqual(
    parseOptions(['--scenario', 'turn']).plan.extras.map(({ name }) => name),
    ['turn'],
  );
});

test('what is named is measured at the quick pace as well, even if a quick run leaves it out', () => {
  const { plan } = parseOptions(['--quick', '--scenario', 'tcp-1-loss-1,relay', '--rounds', '2']);
  assert.equal(plan.blocks.length, 1);
  assert.equal(plan.extras.length, 1);
  assert.equal(plan.rounds, 2);
  assert.equal(plan.pace, parseOptions(['--quick']).plan.pace);
});

test('the command that a report tells is the one that measures the same', () => {
  const commandOf = (args: string[]) => parseOptions(args).command;
  assert.equal(commandOf(['--json', '--output', '/tmp/kept.json']), 'npm run bench');
  assert.equal(
    commandOf(['--only', 'evio', '--only', 'tinc', '--quick', '--rounds', '2']),
    'npm run bench -- --quick --only evio,tinc --rounds 2',
  );
});

test('what is unknown is refused, with what there is', () => {
  for (const [args, message] of [
    [['--only', 'zerotier'], /expected a product \(underlay, .*\), got "zerotier"/],
    [['--scenario', 'tcp-2'], /expected a scenario \(tcp-1, .*\), got "tcp-2"/],
    [['--rounds', '0'], /expected 1 to 99 rounds, got "0"/],
    [['--rounds', '2.5'], /expected 1 to 99 rounds/],
    [['--fast'], /--fast/],
    [['evio'], /evio/],
  ] as const) {
    assert.throws(
      () => parseOptions(args),
      (error: Error) => error instanceof UsageError && message.test(error.message),
    );
  }
});
