import { EvioError } from '@evio/types';

/** The way to a value in the old file: `['Signal', 'Overlays', 'A0FB389', 'Port']`. */
export type OldPath = readonly (string | number)[];

type Mapping = Readonly<Record<string, unknown>>;

function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * An EdgeVPN.io `config.json` that remembers what has been read of it, so that nothing in it gets
 * lost without a word.
 */
export class OldConfig {
  readonly #root: Mapping;
  readonly #read = new Set<string>();

  /** @throws EvioError `IMPORT_INVALID` when the text is not a JSON object. */
  constructor(text: string) {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      throw new EvioError('IMPORT_INVALID', `not JSON: ${(error as Error).message}`, {
        cause: error,
      });
    }
    if (!isMapping(value)) {
      throw new EvioError('IMPORT_INVALID', 'expected a JSON object with Signal and more');
    }
    this.#root = value;
  }

  /** Keys of the mapping at `path`; none when it is something else. */
  keys(path: OldPath): string[] {
    const value = this.#at(path);
    return isMapping(value) ? Object.keys(value) : [];
  }

  has(path: OldPath): boolean {
    return this.#at(path) !== undefined;
  }

  /** Text at `path`, marked as read; numbers are taken as text, as the old software does. */
  text(path: OldPath): string | undefined {
    const value = this.#at(path);
    if (typeof value !== 'string' && typeof value !== 'number') return undefined;
    this.#mark(path);
    return value === '' ? undefined : String(value);
  }

  /** A whole number at `path`, marked as read, also when it is written as text. */
  whole(path: OldPath): number | undefined {
    const text = this.text(path);
    return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
  }

  /** Whether there is a true at `path`; marked as read. */
  flag(path: OldPath): boolean {
    this.#mark(path);
    return /^true$/i.test(String(this.#at(path)));
  }

  /** The values of the list at `path`, marked as read. */
  texts(path: OldPath): string[] {
    const value = this.#at(path);
    if (!Array.isArray(value)) return [];
    this.#mark(path);
    return value.filter(each => typeof each === 'string');
  }

  /** How many values the list at `path` has. */
  length(path: OldPath): number {
    const value = this.#at(path);
    return Array.isArray(value) ? value.length : 0;
  }

  /** Marks all at and below `path` as dealt with. */
  done(path: OldPath): void {
    this.#mark(path);
  }

  /** What nobody has read, value by value. */
  unread(): OldPath[] {
    const found: OldPath[] = [];
    const walk = (value: unknown, path: OldPath) => {
      if (this.#read.has(path.join('\0'))) return;
      if (isMapping(value)) {
        for (const [key, inner] of Object.entries(value)) walk(inner, [...path, key]);
      } else found.push(path);
    };
    walk(this.#root, []);
    return found;
  }

  #mark(path: OldPath): void {
    this.#read.add(path.join('\0'));
  }

  #at(path: OldPath): unknown {
    return path.reduce<unknown>((value, part) => {
      if (Array.isArray(value)) return typeof part === 'number' ? value[part] : undefined;
      return isMapping(value) ? value[part] : undefined;
    }, this.#root);
  }
}
