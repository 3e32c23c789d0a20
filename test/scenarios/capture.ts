import { setTimeout as sleep } from 'node:timers/promises';
import { exitCode } from '../lab/command.ts';
import { type Namespace, run } from '../lab/index.ts';

/** A running capture. */
export interface Capture {
  /** Ends it, with everything that was seen up to now in the file. */
  stop(): Promise<void>;
}

/** Writes what passes an interface (`any`: all) of a namespace to a file, by tshark's dumpcap. */
export async function capture(
  namespace: Namespace,
  device: string,
  file: string,
  filter = '',
): Promise<Capture> {
  const argv = ['dumpcap', '-q', '-P', '-i', device, '-w', file];
  const child = namespace.spawn([...argv, ...(filter === '' ? [] : ['-f', filter])], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await new Promise<void>((resolve, reject) => {
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      // It says where it writes to when it is ready.
      if (said.includes('File:')) resolve();
    });
    child.once('close', () => reject(new Error(`dumpcap ended: ${said}`)));
  });
  return {
    stop: async () => {
      // What the kernel has not handed over yet.
      await sleep(300);
      const ended = exitCode(child);
      child.kill('SIGINT');
      await ended;
    },
  };
}

/** The UDP payloads in a capture file, in order. */
export async function udpPayloads(file: string): Promise<Buffer[]> {
  const { stdout } = await run(
    [
      'tshark',
      '-r',
      file,
      '-Y',
      'udp',
      '-T',
      'fields',
      '-e',
      'udp.payload',
      '-o',
      'rtp.heuristic_rtp:FALSE',
    ],
    { timeoutMs: 120_000 },
  );
  return stdout
    .split('\n')
    .filter(line => line !== '')
    .map(line => Buffer.from(line, 'hex'));
}
