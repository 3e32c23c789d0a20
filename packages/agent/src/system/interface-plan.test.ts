import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CurrentLink, planInterface } from './interface-plan.ts';

const tap = (over: Partial<CurrentLink> = {}): CurrentLink => ({
  name: 'evio0',
  mtu: 1400,
  up: true,
  isBridge: false,
  addresses: [],
  ...over,
});
const bridge = (over: Partial<CurrentLink> = {}) => tap({ name: 'br0', isBridge: true, ...over });
const wanted = { name: 'evio0', addresses: ['10.10.0.1/16', 'fd00::1/64'], mtu: 1400 };

test('a new device gets its MTU, is brought up and gets its addresses', () => {
  assert.deepEqual(planInterface(wanted, [tap({ mtu: 1500, up: false })]), [
    'link set dev evio0 mtu 1400',
    'link set dev evio0 up',
    'address replace 10.10.0.1/16 dev evio0',
    'address replace fd00::1/64 dev evio0 nodad',
  ]);
});

test('nothing is done when everything is as it should be, however addresses are written', () => {
  const links = [tap({ addresses: ['10.10.0.1/16', 'fd00::1/64'] })];
  assert.deepEqual(planInterface(wanted, links), []);
  assert.deepEqual(
    planInterface({ ...wanted, addresses: ['10.10.0.1/16', 'FD00:0::1/64'] }, links),
    [],
  );
});

test('an address that is no longer wanted goes, and what its subnet would lose comes back', () => {
  const links = [tap({ addresses: ['10.10.0.9/16', '10.10.0.1/16', 'fd00::1/64'] })];
  assert.deepEqual(planInterface(wanted, links), [
    'address del 10.10.0.9/16 dev evio0',
    'address replace 10.10.0.1/16 dev evio0',
    'address replace fd00::1/64 dev evio0 nodad',
  ]);
});

test('a bridge is made when it is missing and holds the addresses', () => {
  const bridged = { ...wanted, addresses: ['10.10.0.1/16'], bridge: 'br0' };
  assert.deepEqual(planInterface(bridged, [tap({ addresses: ['10.10.0.1/16'] })]), [
    'link add name br0 type bridge',
    'link set dev evio0 master br0',
    'link set dev br0 up',
    'address del 10.10.0.1/16 dev evio0',
    'address replace 10.10.0.1/16 dev br0',
  ]);
});

test("addresses on a bridge that are not the overlay's stay", () => {
  const bridged = { ...wanted, addresses: ['10.10.0.1/16'], bridge: 'br0' };
  const links = [tap({ master: 'br0' }), bridge({ addresses: ['192.168.1.1/24', '10.10.0.7/16'] })];
  const former = { ...bridged, addresses: ['10.10.0.7/16'] };
  assert.deepEqual(planInterface(bridged, links, former), [
    'address del 10.10.0.7/16 dev br0',
    'address replace 10.10.0.1/16 dev br0',
  ]);
});

test('a bridge that the configuration no longer names is left, with our address on it removed', () => {
  const former = { ...wanted, addresses: ['10.10.0.1/16'], bridge: 'br0' };
  const links = [tap({ master: 'br0' }), bridge({ addresses: ['192.168.1.1/24', '10.10.0.1/16'] })];
  assert.deepEqual(planInterface({ ...wanted, addresses: ['10.10.0.1/16'] }, links, former), [
    'link set dev evio0 nomaster',
    'address del 10.10.0.1/16 dev br0',
    'address replace 10.10.0.1/16 dev evio0',
  ]);
});

test('a bridge that somebody else chose for the TAP is not undone', () => {
  const links = [tap({ master: 'lan', addresses: [...wanted.addresses] })];
  assert.deepEqual(planInterface(wanted, links), []);
});

test('a missing TAP and a bridge that is none are told', () => {
  assert.throws(() => planInterface(wanted, []), { code: 'INTERFACE_MISSING' });
  assert.throws(() => planInterface({ ...wanted, bridge: 'br0' }, [tap(), tap({ name: 'br0' })]), {
    code: 'INTERFACE_NOT_BRIDGE',
  });
});
