import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { luaLiteral } from './lua.ts';

test('values become Lua literals', () => {
  assert.equal(luaLiteral('a'), '"a"');
  assert.equal(luaLiteral([1, true]), '{ 1, true }');
  assert.equal(luaLiteral({ end: 'x' }), '{ ["end"] = "x" }');
  assert.equal(luaLiteral([]), '{}');
});

test('no string leaves its quotes', () => {
  const hostile = 'a"\\\n\r\0]]--ü\u007f';
  assert.match(luaLiteral(hostile), /^"[\x20-\x7e]*"$/);
  const { error, stdout } = spawnSync('lua5.4', ['-'], {
    input: `io.write(${luaLiteral(hostile)})`,
  });
  if (error === undefined) assert.equal(stdout.toString('utf8'), hostile);
});

test('a number without a literal is refused', () => {
  assert.throws(() => luaLiteral(Number.NaN), { code: 'LUA_VALUE' });
});
