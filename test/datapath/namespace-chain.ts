import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Namespace, run } from '../lab/index.ts';
import { Janitor } from '../lab/janitor.ts';

/**
 * Namespaces in a row, each joined by a wire to the next and to no other: on the wire between number i
 * and i + 1 (from 1) they are 192.0.i.1 and 192.0.i.2. They vanish with what runs in them, also when the
 * test is killed.
 */
export class NamespaceChain implements AsyncDisposable {
  readonly namespaces: readonly Namespace[];
  readonly #janitor: Janitor;

  private constructor(namespaces: readonly Namespace[], janitor: Janitor) {
    this.namespaces = namespaces;
    this.#janitor = janitor;
  }

  static async create(count: number): Promise<NamespaceChain> {
    const id = randomBytes(3).toString('hex');
    const directory = join(tmpdir(), `evio-lab-${id}`);
    const janitor = await Janitor.hire(id, directory);
    await mkdir(directory);
    const names = Array.from({ length: count }, (_, i) => `evio-${id}-${i + 1}`);
    const chain = names.map(name => new Namespace(name));
    for (const { name } of chain) await run(['ip', 'netns', 'add', name]);
    for (const namespace of chain) await namespace.ip(['link set lo up']);
    for (let i = 1; i < count; i += 1) {
      const [left, right] = [chain[i - 1], chain[i]];
      if (left === undefined || right === undefined) break;
      await left.ip([`link add right type veth peer name left netns ${right.name}`]);
      await left.ip([`addr add 192.0.${i}.1/24 dev right`, 'link set right up']);
      await right.ip([`addr add 192.0.${i}.2/24 dev left`, 'link set left up']);
    }
    return new NamespaceChain(chain, janitor);
  }

  /** Number from 1. */
  at(number: number): Namespace {
    const namespace = this.namespaces[number - 1];
    if (namespace === undefined) throw new RangeError(`no namespace ${number}`);
    return namespace;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#janitor.finish();
  }
}
