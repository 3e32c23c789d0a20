import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HostAllocator } from './host-allocator.ts';
import { type Cidr, parseAddress, parseCidr } from './ip.ts';

function cidr(text: string): Cidr {
  const parsed = parseCidr(text);
  assert.ok(parsed);
  return parsed;
}

test('it begins where it is told to, and goes round', () => {
  const allocator = new HostAllocator(cidr('10.244.1.0/29'), 8);
  const taken = Array.from({ length: 6 }, () => allocator.take()?.text.split('.').at(-1));
  assert.deepEqual(taken, ['5', '6', '2', '3', '4', undefined]);
});

test('every address but those of network, gateway and broadcast is handed out once', () => {
  const allocator = new HostAllocator(cidr('10.244.1.0/28'));
  const got = Array.from({ length: 13 }, () => allocator.take()?.text);
  assert.deepEqual(
    got,
    Array.from({ length: 13 }, (_, index) => `10.244.1.${index + 2}`),
  );
  assert.equal(allocator.take(), undefined);
  assert.equal(allocator.gateway.text, '10.244.1.1');
});

test('what was given back is the last to be taken again', () => {
  const allocator = new HostAllocator(cidr('10.244.1.0/28'));
  const first = allocator.take();
  assert.ok(first);
  allocator.release(first);
  const rest = Array.from({ length: 13 }, () => allocator.take()?.text);
  assert.equal(rest.at(-1), first.text);
});

test('a wanted address is taken if it is free and one for pods', () => {
  const allocator = new HostAllocator(cidr('fd00:1::/64'));
  const take = (text: string) => {
    const address = parseAddress(text);
    assert.ok(address);
    return allocator.takeOne(address);
  };
  assert.ok(take('fd00:1::20'));
  assert.ok(!take('fd00:1::20'));
  assert.ok(!take('fd00:1::1'));
  assert.ok(!take('fd00:2::20'));
  assert.ok(!take('10.0.0.1'));
});

test('limits are kept', () => {
  const allocator = new HostAllocator(cidr('10.244.1.0/24'));
  const limit = {
    family: 4 as const,
    first: parseAddress('10.244.1.50')?.value ?? 0n,
    last: parseAddress('10.244.1.51')?.value ?? 0n,
  };
  assert.deepEqual(
    [1, 2, 3].map(() => allocator.take([limit])?.text),
    ['10.244.1.50', '10.244.1.51', undefined],
  );
});

test('whatever is taken and given back, nobody gets what another has', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(40), { maxLength: 200 }), steps => {
      const allocator = new HostAllocator(cidr('10.0.0.0/27'));
      const held: string[] = [];
      for (const step of steps) {
        const address = parseAddress(held[step] ?? '');
        if (address !== undefined) {
          allocator.release(address);
          held.splice(step, 1);
        } else {
          const got = allocator.take();
          assert.equal(got === undefined, held.length === allocator.size);
          if (got === undefined) continue;
          assert.ok(!held.includes(got.text));
          held.push(got.text);
        }
      }
    }),
  );
});
