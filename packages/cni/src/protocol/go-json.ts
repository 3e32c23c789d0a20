/**
 * JSON as Go's `encoding/json` reads it, because runtimes and configurations rely on that: keys are
 * compared without regard to case, and `null` is as if the key were not there.
 */

/** An object whose members are reached by lower-case names; `null` members are left out. */
export class GoObject {
  readonly #members = new Map<string, unknown>();

  constructor(object: object) {
    for (const [key, value] of Object.entries(object)) {
      if (value !== null) this.#members.set(key.toLowerCase(), value);
    }
  }

  get(name: string): unknown {
    return this.#members.get(name.toLowerCase());
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
