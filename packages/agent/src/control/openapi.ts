import { z } from 'zod';
import { VERSION } from '../version.ts';
import { Failure, NAMED } from './answers.ts';
import { OPERATIONS, type Operation } from './operations.ts';

/** A JSON Schema (2020-12, what OpenAPI 3.1 takes). */
type JsonSchema = Record<string, unknown>;

const reference = (id: string) => `#/components/schemas/${id}`;

/** The control API as an OpenAPI 3.1 document, what `docs/api/openapi.json` holds. */
export function openApi(): Record<string, unknown> {
  const paths = Object.fromEntries(
    Object.entries<Operation>(OPERATIONS).map(([name, operation]) => {
      const [method = '', path = ''] = name.split(' ');
      return [path, { [method.toLowerCase()]: describe(path, operation) }];
    }),
  );
  return {
    openapi: '3.1.0',
    info: {
      title: 'Evio control API',
      version: VERSION,
      summary: 'What an agent answers on its control socket.',
      description:
        'HTTP over the unix socket of `control_socket` (/run/evio/evio.sock). Root and the group evio may ask.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: 'http://evio', description: 'The host name means nothing on a unix socket.' }],
    paths,
    components: { schemas: render(NAMED) },
  };
}

/** The description as the text of `docs/api/openapi.json`. */
export function openApiText(): string {
  return `${JSON.stringify(openApi(), null, 2)}\n`;
}

function describe(path: string, { summary, query, body, answer, lines }: Operation) {
  const type = lines ? 'application/x-ndjson' : 'application/json';
  const parameters = Object.entries(query.shape).map(([name, schema]) => ({
    name,
    in: 'query',
    required: !(schema instanceof z.ZodExactOptional),
    schema: schemaOf(schema),
  }));
  const hasBody = body instanceof z.ZodObject;
  return {
    operationId: path.split('/').at(-1)?.replace('.json', ''),
    summary,
    ...(parameters.length > 0 && { parameters }),
    ...(hasBody && {
      requestBody: { required: true, content: { 'application/json': { schema: schemaOf(body) } } },
    }),
    responses: {
      200: {
        description: lines
          ? 'JSON lines, each by the schema, the last a Failure if it ends so.'
          : 'The answer.',
        content: { [type]: { schema: schemaOf(answer) } },
      },
      default: {
        description: 'An error, by its code; 400 for a wrong request, 404 for what is not there.',
        content: { 'application/json': { schema: schemaOf(Failure) } },
      },
    },
  };
}

/** The JSON Schema of a schema, in which each named one is a reference. */
function schemaOf(schema: z.core.$ZodType): JsonSchema {
  const name = Object.entries(NAMED).find(([, each]) => each === schema)?.[0];
  if (name !== undefined) return { $ref: reference(name) };
  return render({ ...NAMED, itself: schema })['itself'] ?? {};
}

/** Renders schemas together: zod writes references to those of one registry. */
function render(named: Readonly<Record<string, z.core.$ZodType>>): Record<string, JsonSchema> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(named)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, { io: 'input', uri: reference });
  return Object.fromEntries(
    Object.entries(schemas).map(([id, { $schema: _, $id: __, ...schema }]) => [id, schema]),
  );
}
