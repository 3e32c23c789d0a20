import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AskedTrace, answered, traceOf } from './trace-state.ts';

const ask = (overlay: string, node: string): AskedTrace => ({
  question: { overlay, node },
  state: 'asking',
});
const LATE = { failed: 'no answer' } as const;

test('an answer is taken by the question that it answers', () => {
  const asked = ask('edge', 'b');
  assert.deepEqual(answered(asked, asked.question, LATE), { ...asked, state: LATE });
});

test('an answer that comes after another question, or none any more, changes nothing', () => {
  const [first, second] = [ask('edge', 'b'), ask('edge', 'c')];
  assert.equal(answered(second, first.question, LATE), second);
  assert.equal(answered(undefined, first.question, LATE), undefined);
  const again = ask('edge', 'b');
  assert.equal(answered(again, first.question, LATE), again, 'the same node, asked anew');
});

test('a trace is shown with its own node in its own overlay only', () => {
  const asked = ask('edge', 'b');
  assert.equal(traceOf(asked, 'edge', 'b'), 'asking');
  assert.equal(traceOf(asked, 'edge', 'c'), undefined);
  assert.equal(traceOf(asked, 'other', 'b'), undefined);
  assert.equal(traceOf(asked, 'edge', undefined), undefined);
  assert.equal(traceOf(undefined, undefined, undefined), undefined);
});
