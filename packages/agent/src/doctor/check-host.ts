import { closeSync, openSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { type RunCommand, runCommand } from '../system/index.ts';
import type { CheckResult } from './check-result.ts';

/** What the checks of this host look at; tests put their own in its place. */
export interface HostProbes {
  /** Opens a device for reading and writing and closes it again; throws as `openSync` does. */
  open(device: string): void;
  /** The text of a file; throws as `readFileSync` does. */
  read(file: string): string;
  /** Such as `6.1.0-30-amd64`. */
  readonly kernel: string;
  /** Milliseconds since 1970. */
  readonly wallClock: number;
  readonly run: RunCommand;
}

export const hostProbes = (): HostProbes => ({
  open: device => closeSync(openSync(device, 'r+')),
  read: file => readFileSync(file, 'utf8'),
  kernel: release(),
  wallClock: Date.now(),
  run: runCommand,
});

const TUN = '/dev/net/tun';

export function checkTun({ open }: HostProbes): CheckResult {
  const check = { id: 'tun', title: 'TUN/TAP device' };
  try {
    open(TUN);
    return { ...check, state: 'fine', finding: `${TUN} can be opened` };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENODEV' || code === 'ENXIO') {
      const mend = 'modprobe tun (in a container: --device /dev/net/tun)';
      return { ...check, state: 'broken', finding: `there is no ${TUN}`, mend };
    }
    const finding = `${TUN} cannot be opened (${code ?? String(error)})`;
    return { ...check, state: 'broken', finding, mend: 'run as root' };
  }
}

/** Bit of CAP_NET_ADMIN (capability.h): TAP, addresses, bridges. */
const CAP_NET_ADMIN = 12;

export function checkCapabilities({ read }: HostProbes): CheckResult {
  const check = { id: 'capabilities', title: 'Capabilities' };
  const bits = /^CapEff:\s*([0-9a-f]+)$/m.exec(read('/proc/self/status'))?.[1];
  if (bits === undefined) return { ...check, state: 'unknown', finding: 'the kernel shows none' };
  if (((BigInt(`0x${bits}`) >> BigInt(CAP_NET_ADMIN)) & 1n) === 1n) {
    return { ...check, state: 'fine', finding: 'CAP_NET_ADMIN is there' };
  }
  const mend = 'run as root (in a container: --cap-add NET_ADMIN)';
  return { ...check, state: 'broken', finding: 'CAP_NET_ADMIN is missing', mend };
}

/** UDP GSO came with Linux 4.18, UDP GRO with 5.0. */
export function checkOffloads({ kernel }: HostProbes): CheckResult {
  const check = { id: 'offloads', title: 'Kernel offloads' };
  const [major = 0, minor = 0] = kernel.split('.').map(Number);
  const atLeast = (wantedMajor: number, wantedMinor: number) =>
    major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
  if (atLeast(5, 0)) {
    return { ...check, state: 'fine', finding: `Linux ${kernel} has UDP GSO and GRO` };
  }
  const finding = `Linux ${kernel} lacks ${atLeast(4, 18) ? 'UDP GRO' : 'UDP GSO and GRO'}: it works, slower`;
  return { ...check, state: 'uneasy', finding, mend: 'run Linux 5.0 or later' };
}

export async function checkClock({ wallClock, read, run }: HostProbes): Promise<CheckResult> {
  const check = { id: 'clock', title: 'Clock' };
  const date = new Date(wallClock);
  const year = date.getUTCFullYear();
  const today = date.toISOString().slice(0, 10);
  const mend = 'set the clock and let NTP keep it: timedatectl set-ntp true';
  if (year < 2025 || year > 2100) {
    const finding = `the date is ${today}: certificates will not be valid`;
    return { ...check, state: 'broken', finding, mend };
  }
  const synchronized = await ntpState(read, run);
  if (synchronized === 'yes') return { ...check, state: 'fine', finding: `${today}, kept by NTP` };
  if (synchronized === 'no') {
    return { ...check, state: 'uneasy', finding: `${today}, not kept by NTP`, mend };
  }
  return { ...check, state: 'fine', finding: `${today}; what keeps it is not known` };
}

async function ntpState(read: HostProbes['read'], run: RunCommand): Promise<string> {
  try {
    const args = ['show', '--property=NTPSynchronized', '--value'];
    const { code, stdout } = await run('timedatectl', args);
    if (code === 0) return stdout.trim();
  } catch {
    // No systemd here; its marker file below can still be there in a container.
  }
  try {
    read('/run/systemd/timesync/synchronized');
    return 'yes';
  } catch {
    return 'unknown';
  }
}
