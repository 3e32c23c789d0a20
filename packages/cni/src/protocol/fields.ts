import { CniError } from './cni-error.ts';
import { GoObject, isObject } from './go-json.ts';

/**
 * Reads the members of one JSON object, and says which key is wrong. Keys that nobody asks for are
 * ignored (CNI 1.1.0, section 1).
 */
export class Fields {
  readonly #object: GoObject;
  readonly #path: string;

  constructor(value: unknown, path = '') {
    if (!isObject(value)) throw wrong(path || 'the configuration', 'an object', value);
    this.#object = new GoObject(value);
    this.#path = path;
  }

  string(name: string): string | undefined {
    return this.#read(name, 'text', (value): value is string => typeof value === 'string');
  }

  flag(name: string): boolean {
    const isFlag = (value: unknown): value is boolean => typeof value === 'boolean';
    return this.#read(name, 'true or false', isFlag) ?? false;
  }

  whole(name: string, least: number, most: number): number | undefined {
    return this.#read(
      name,
      `a whole number from ${least} to ${most}`,
      (value): value is number =>
        typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most,
    );
  }

  object(name: string): Fields | undefined {
    const value = this.#object.get(name);
    return value === undefined ? undefined : new Fields(value, this.#pathOf(name));
  }

  /** What is there, whatever it is. */
  raw(name: string): unknown {
    return this.#object.get(name);
  }

  strings(name: string): readonly string[] {
    return this.list(name, (value, path) => {
      if (typeof value !== 'string') throw wrong(path, 'text', value);
      return value;
    });
  }

  list<T>(name: string, read: (value: unknown, path: string) => T): readonly T[] {
    const isList = (value: unknown): value is unknown[] => Array.isArray(value);
    const values = this.#read(name, 'a list', isList) ?? [];
    return values.map((value, index) => read(value, `${this.#pathOf(name)}[${index}]`));
  }

  /** The error for a member that is of the right kind but makes no sense. */
  wrong(name: string, expected: string): CniError {
    return wrong(this.#pathOf(name), expected, this.#object.get(name));
  }

  #read<T>(name: string, expected: string, is: (value: unknown) => value is T): T | undefined {
    const value = this.#object.get(name);
    if (value === undefined || is(value)) return value;
    throw wrong(this.#pathOf(name), expected, value);
  }

  #pathOf(name: string): string {
    return this.#path === '' ? name : `${this.#path}.${name}`;
  }
}

/** Code 7 of the specification, with the key and what came. */
export function wrong(key: string, expected: string, got: unknown): CniError {
  const shown = JSON.stringify(got) ?? String(got);
  const short = shown.length > 80 ? `${shown.slice(0, 77)}…` : shown;
  return new CniError('invalidNetworkConfig', `${key}: expected ${expected}, got ${short}`);
}
