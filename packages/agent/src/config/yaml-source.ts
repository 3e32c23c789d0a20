import { isMap, isNode, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import type { ConfigProblem } from './config-error.ts';

/** Where a value stands: keys and list positions from the top. */
export type KeyPath = readonly (string | number)[];

/** Writes `overlays[0].xmpp.jid`. */
export function formatKeyPath(path: KeyPath): string {
  return path
    .map((part, index) =>
      typeof part === 'number' ? `[${part}]` : index === 0 ? part : `.${part}`,
    )
    .join('');
}

/** A key with nothing behind it (all its lines commented out) counts as not written. */
function withoutEmptyKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmptyKeys);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== null)
      .map(([key, inner]) => [key, withoutEmptyKeys(inner)]),
  );
}

/** A YAML text that knows on which line each of its values stands. */
export class YamlSource {
  /** Plain objects, lists and scalars; an empty file is an empty mapping. */
  readonly value: unknown;
  /** Mistakes in the YAML itself; with any, `value` is best ignored. */
  readonly problems: readonly ConfigProblem[];
  readonly #file: string;
  readonly #lines = new LineCounter();
  readonly #root: Node | null;

  constructor(file: string, text: string) {
    this.#file = file;
    const document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false });
    this.#root = isNode(document.contents) ? document.contents : null;
    this.problems = [...document.errors, ...document.warnings].map(({ pos, message }) => ({
      file,
      ...this.#place(pos[0]),
      key: '',
      message: `not YAML: ${message}`,
    }));
    this.value = this.problems.length > 0 ? undefined : withoutEmptyKeys(document.toJS() ?? {});
  }

  /** A problem with the value at `path`; where that is missing, it points at what should hold it. */
  problem(path: KeyPath, message: string): ConfigProblem {
    for (let depth = path.length; depth >= 0; depth--) {
      const offset = this.#offset(path.slice(0, depth), depth === path.length);
      if (offset !== undefined) {
        return { file: this.#file, ...this.#place(offset), key: formatKeyPath(path), message };
      }
    }
    return { file: this.#file, line: 1, column: 1, key: formatKeyPath(path), message };
  }

  /** A problem with the key at `path` itself, not with its value. */
  keyProblem(path: KeyPath, message: string): ConfigProblem {
    const offset = this.#offset(path, false);
    return {
      file: this.#file,
      ...(offset !== undefined && this.#place(offset)),
      key: formatKeyPath(path),
      message,
    };
  }

  /** Offset of the value at `path`, or of its key when there is one and `value` is not wanted. */
  #offset(path: KeyPath, value: boolean): number | undefined {
    let node: unknown = this.#root;
    let key: unknown;
    for (const part of path) {
      key = undefined;
      if (isMap(node)) {
        const pair = node.items.find(item => isScalar(item.key) && item.key.value === part);
        if (!pair) return undefined;
        key = pair.key;
        node = pair.value;
      } else if (isNode(node) && 'items' in node && Array.isArray(node.items)) {
        node = typeof part === 'number' ? node.items[part] : undefined;
      } else return undefined;
    }
    const empty = isScalar(node) && node.value === null;
    const chosen = isNode(key) && (!value || empty || !isNode(node)) ? key : node;
    return isNode(chosen) ? chosen.range?.[0] : undefined;
  }

  #place(offset: number): { line: number; column: number } {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }
}
