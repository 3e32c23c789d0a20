import assert from 'node:assert/strict';
import type { NetworkInterfaceInfo } from 'node:os';
import { test } from 'node:test';
import { localAddresses, matchesGlob } from './local-addresses.ts';

const on = (address: string, internal = false): NetworkInterfaceInfo => {
  const common = { address, netmask: '', mac: '', internal, cidr: null };
  return address.includes(':')
    ? { ...common, family: 'IPv6', scopeid: 0 }
    : { ...common, family: 'IPv4' };
};
const interfaces = {
  lo: [on('127.0.0.1', true), on('::1', true)],
  eth0: [on('192.168.1.5'), on('2001:db8::5'), on('fe80::5'), on('169.254.1.1')],
  wwan0: [on('10.64.0.9')],
  evio0: [on('10.10.0.1')],
  br0: [on('192.168.7.1'), on('10.20.0.1')],
  docker0: [on('172.17.0.1')],
  'flannel.1': [on('10.244.1.0')],
};
const found = (ignore: string[] = []) =>
  localAddresses({ ignore, own: ['evio0'], ownAddresses: ['10.20.0.1/16'], interfaces }).map(
    ({ interface: name, address }) => `${name} ${address}`,
  );

test('addresses that a peer could reach are found, overlays and container networks left out', () => {
  assert.deepEqual(found(), [
    'eth0 192.168.1.5',
    'eth0 2001:db8::5',
    'wwan0 10.64.0.9',
    'br0 192.168.7.1',
  ]);
});

test('interfaces are ignored by name and by glob', () => {
  assert.deepEqual(found(['wwan*', 'br?']), ['eth0 192.168.1.5', 'eth0 2001:db8::5']);
});

test('a glob means what it says and nothing else', () => {
  assert.ok(matchesGlob('eth0', 'eth*'));
  assert.ok(!matchesGlob('veth0', 'eth*'));
  assert.ok(!matchesGlob('ethX0', 'eth.*'));
  assert.ok(matchesGlob('eth0.100', 'eth?.100'));
});
