import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOutput } from './output.ts';

function output(isTTY: boolean, environment: Record<string, string> = {}) {
  let text = '';
  const write = (more: string) => {
    text += more;
  };
  const made = createOutput({
    stdout: { write, isTTY, columns: 80 },
    stderr: { write },
    environment,
  });
  return { made, text: () => text };
}

test('colour is for terminals, and not where it is not wanted', () => {
  assert.notEqual(output(true).made.style.good('x'), 'x');
  assert.equal(output(false).made.style.good('x'), 'x');
  assert.equal(output(true, { NO_COLOR: '1' }).made.style.good('x'), 'x');
  assert.equal(output(true, { TERM: 'dumb' }).made.style.good('x'), 'x');
});

test('JSON is one line for programs and many for people', () => {
  const [program, person] = [output(false), output(true)];
  program.made.json({ a: 1 });
  person.made.json({ a: 1 });
  assert.equal(program.text(), '{"a":1}\n');
  assert.equal(person.text(), '{\n  "a": 1\n}\n');
});

test('only a terminal has an edge to fit into', () => {
  assert.equal(output(true).made.width, 80);
  assert.equal(output(false).made.width, Number.POSITIVE_INFINITY);
});
