import { parseAddress, parseCidr } from '../address/ip.ts';
import { Fields, wrong } from './fields.ts';
import type { CniResult, ResultIp, ResultRoute } from './result.ts';

/**
 * Reads the result of another plugin, or our own that came back: of any version from 0.3.0 on.
 *
 * @throws CniError code 7 naming the key.
 */
export function readResult(value: unknown, path: string): CniResult {
  const fields = new Fields(value, path);
  const dns = fields.object('dns');
  const domain = dns?.string('domain');
  return {
    interfaces: fields.list('interfaces', (each, at) => {
      const entry = new Fields(each, at);
      const mac = entry.string('mac');
      const mtu = entry.whole('mtu', 0, Number.MAX_SAFE_INTEGER);
      const sandbox = entry.string('sandbox');
      return {
        name: entry.string('name') ?? '',
        ...(mac !== undefined && { mac }),
        ...(mtu !== undefined && { mtu }),
        ...(sandbox !== undefined && { sandbox }),
      };
    }),
    ips: fields.list('ips', readIp),
    routes: fields.list('routes', readRoute),
    dns: {
      nameservers: dns?.strings('nameservers') ?? [],
      ...(domain !== undefined && { domain }),
      search: dns?.strings('search') ?? [],
      options: dns?.strings('options') ?? [],
    },
  };
}

function readIp(value: unknown, path: string): ResultIp {
  const entry = new Fields(value, path);
  const address = entry.string('address') ?? '';
  if (parseCidr(address) === undefined)
    throw entry.wrong('address', 'an address like 10.244.1.2/24');
  const index = entry.whole('interface', 0, 1000);
  const gateway = optionalAddress(entry, 'gateway');
  return {
    ...(index !== undefined && { interface: index }),
    address,
    ...(gateway !== undefined && { gateway }),
  };
}

function readRoute(value: unknown, path: string): ResultRoute {
  const entry = new Fields(value, path);
  const dst = entry.string('dst') ?? '';
  if (parseCidr(dst) === undefined) throw wrong(`${path}.dst`, 'a network like 10.0.0.0/8', dst);
  const gw = optionalAddress(entry, 'gw');
  return { dst, ...(gw !== undefined && { gw }) };
}

function optionalAddress(entry: Fields, name: string): string | undefined {
  const text = entry.string(name);
  if (text === undefined || text === '') return undefined;
  if (parseAddress(text) === undefined) throw entry.wrong(name, 'an address');
  return text;
}
