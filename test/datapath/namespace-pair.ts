import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Namespace, run } from '../lab/index.ts';
import { Janitor } from '../lab/janitor.ts';

/**
 * Two namespaces joined by one wire: 192.0.2.1 and 2001:db8::1 in `a`, .2 and ::2 in `b`, on the
 * device `wire0`. They vanish with what runs in them, also when the test is killed.
 */
export class NamespacePair implements AsyncDisposable {
  readonly a: Namespace;
  readonly b: Namespace;
  readonly #janitor: Janitor;

  private constructor(a: Namespace, b: Namespace, janitor: Janitor) {
    this.a = a;
    this.b = b;
    this.#janitor = janitor;
  }

  /** `mtu`: of the wire, in bytes. */
  static async create(mtu = 1500): Promise<NamespacePair> {
    const id = randomBytes(3).toString('hex');
    const directory = join(tmpdir(), `evio-lab-${id}`);
    const janitor = await Janitor.hire(id, directory);
    await mkdir(directory);
    const host = new Namespace(`evio-${id}-a`);
    const other = new Namespace(`evio-${id}-b`);
    for (const { name } of [host, other]) await run(['ip', 'netns', 'add', name]);
    await host.ip([`link add wire0 type veth peer name wire0 netns ${other.name}`]);
    for (const [namespace, number] of [
      [host, 1],
      [other, 2],
    ] as const) {
      await namespace.ip([
        'link set lo up',
        `link set wire0 mtu ${mtu} up`,
        `addr add 192.0.2.${number}/24 dev wire0`,
        `addr add 2001:db8::${number}/64 dev wire0 nodad`,
      ]);
    }
    return new NamespacePair(host, other, janitor);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#janitor.finish();
  }
}
