import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FIRST_BOUND } from '@evio/topology';
import { type NodeId, parseNodeId } from '@evio/types';
import type { TraceMessage, TraceStep } from '../peer/trace-message-codec.ts';
import { RouteTrace } from './route-trace.ts';

const id = (index: number): NodeId => parseNodeId(index.toString(16).padStart(32, '0'));

/** Nodes 0 to `size` in a row: each sends on to the next one. `drop` loses messages. */
function row(size: number, drop: (to: number, message: TraceMessage) => boolean = () => false) {
  const queue: { from: number; to: number; message: TraceMessage }[] = [];
  const nodes = Array.from({ length: size }, (_, index): RouteTrace => {
    return new RouteTrace({
      self: id(index),
      next: target =>
        index + 1 >= size
          ? undefined
          : {
              id: id(index + 1),
              reason: id(index + 1) === target ? 'target' : 'nearest',
              path: 'direct',
              rttMs: 10 * (index + 1),
              bound: FIRST_BOUND - index - 1,
              plain: false,
            },
      tell: (to, message) => {
        queue.push({ from: index, to: Number.parseInt(to, 16), message });
      },
    });
  });
  const run = () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const { from, message, to } = next;
      if (!drop(to, message)) nodes[to]?.receive(0, id(from), message);
    }
  };
  const [source] = nodes;
  assert.ok(source);
  return { source, nodes, run };
}

/** Traces to `target`; undefined while it is not complete. */
function trace({ source, run }: ReturnType<typeof row>, target: NodeId): TraceStep[] | undefined {
  let found: TraceStep[] | undefined;
  source.begin(7, target, steps => {
    found = steps;
  });
  run();
  return found;
}

test('each node on the way tells where it sends a frame, and why', () => {
  const steps = trace(row(4), id(3));
  assert.deepEqual(steps, [
    { id: id(1), reason: 'nearest', path: 'direct', rttMs: 10 },
    { id: id(2), reason: 'nearest', path: 'direct', rttMs: 20 },
    { id: id(3), reason: 'target', path: 'direct', rttMs: 30 },
  ]);
});

test('a way that ends before the target is told as far as it goes', () => {
  const steps = trace(row(3), id(9));
  assert.deepEqual(
    steps?.map(step => step.id),
    [id(1), id(2)],
  );
});

test('what is known of a trace without an end can be had', () => {
  const lossy = row(5, (to, message) => message.kind === 'trace' && to === 3);
  assert.equal(trace(lossy, id(4)), undefined);
  assert.deepEqual(
    lossy.source.end(7).map(step => step.id),
    [id(1), id(2), id(3)],
  );
  assert.deepEqual(lossy.source.end(7), []);
});

test('a message that did not come by whom it names, or came too far, is dropped', () => {
  const told: TraceMessage[] = [];
  const node = new RouteTrace({
    self: id(5),
    next: () => assert.fail('decided for a forged message'),
    tell: (_to, message) => void told.push(message),
  });
  const message = { kind: 'trace', token: 1, target: id(9), bound: 5, plain: false } as const;
  node.receive(0, id(1), { ...message, nodes: [id(2)] });
  const nodes = Array.from({ length: 33 }, (_, index) => id(index + 10));
  node.receive(0, id(42), { ...message, nodes });
  node.receive(0, id(1), { kind: 'step', token: 1, nodes: [id(1), id(2)] });
  assert.deepEqual(told, []);
});

test('no more than a hundred messages a second are passed on', () => {
  let passed = 0;
  const node = new RouteTrace({ self: id(5), next: () => undefined, tell: () => void passed++ });
  for (let count = 0; count < 500; count += 1) {
    node.receive(0, id(1), {
      kind: 'trace',
      token: count,
      target: id(9),
      bound: 5,
      plain: false,
      nodes: [id(1)],
    });
  }
  assert.equal(passed, 100);
});

test('a step that does not come back the way that the trace went is dropped', () => {
  const { nodes } = row(4);
  const step: TraceMessage = { kind: 'step', token: 7, nodes: [id(0), id(1), id(2)] };
  assert.equal(nodes[1]?.receive(0, id(2), step), undefined);
  assert.equal(nodes[1]?.receive(0, id(3), step), 'malformed');
  assert.equal(nodes[3]?.receive(0, id(2), step), 'malformed');
});

test('more than a hundred a second are dropped, and that is told', () => {
  const { nodes } = row(2);
  const step: TraceMessage = { kind: 'step', token: 7, nodes: [id(0), id(1)] };
  const verdicts = Array.from({ length: 101 }, () => nodes[0]?.receive(500, id(1), step));
  assert.deepEqual(verdicts.slice(-2), [undefined, 'rate']);
});
