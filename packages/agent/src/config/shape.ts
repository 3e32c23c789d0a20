import { z } from 'zod';
import type { ConfigProblem } from './config-error.ts';
import { nearestKey } from './nearest-key.ts';
import { ConfigFile } from './schema.ts';
import type { KeyPath, YamlSource } from './yaml-source.ts';

/** The part of JSON Schema that the configuration's own schema uses. */
export interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly description?: string;
  readonly default?: unknown;
  readonly type?: string;
}

/** The file's schema (JSON Schema 2020-12), what `config/evio.schema.json` holds. */
export function configSchema(): SchemaNode & Record<string, unknown> {
  return z.toJSONSchema(ConfigFile, { io: 'input' }) as SchemaNode & Record<string, unknown>;
}

/** The schema as the text of `config/evio.schema.json`. */
export function configSchemaText(): string {
  return `${JSON.stringify(configSchema(), null, 2)}\n`;
}

function keysAt(path: KeyPath): string[] {
  let node: SchemaNode | undefined = configSchema();
  for (const part of path) {
    node = typeof part === 'number' ? node?.items : node?.properties?.[part];
  }
  return Object.keys(node?.properties ?? {});
}

function valueAt(value: unknown, path: KeyPath): unknown {
  return path.reduce<unknown>(
    (inner, part) =>
      typeof inner === 'object' && inner !== null
        ? (inner as Record<string | number, unknown>)[part]
        : undefined,
    value,
  );
}

/** What came, in words short enough for a message. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'a mapping';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function unknownKey(parent: KeyPath, key: string): string {
  const known = keysAt(parent);
  const near = nearestKey(key, known);
  return near === undefined
    ? `unknown key; expected one of ${known.join(', ')}`
    : `unknown key; did you mean "${near}"?`;
}

/**
 * Checks the shape of a file: keys, types, ranges and formats.
 *
 * @returns the file with its defaults, or everything that is wrong with it.
 */
export function checkShape(
  source: YamlSource,
): { file: ConfigFile; problems: [] } | { file?: undefined; problems: ConfigProblem[] } {
  const result = ConfigFile.safeParse(source.value);
  if (result.success) return { file: result.data, problems: [] };
  const problems = result.error.issues.flatMap(issue => {
    const path = issue.path.filter(part => typeof part !== 'symbol');
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map(key => source.keyProblem([...path, key], unknownKey(path, key)));
    }
    const value = valueAt(source.value, path);
    const expected = `expected ${issue.message}`;
    return [
      source.problem(
        path,
        value === undefined ? `missing; ${expected}` : `${expected}, got ${shown(value)}`,
      ),
    ];
  });
  return { problems };
}
