import type { SchemaFieldDescription } from 'yup';
import type { Describable, JsonSchema } from '../http/route.ts';

/** What the tests of a string that yup can describe are in JSON Schema. */
const keywordsOf: Record<string, (params: Record<string, unknown>) => JsonSchema> = {
  required: () => ({ minLength: 1 }),
  min: ({ min }) => ({ minLength: min }),
  max: ({ max }) => ({ maxLength: max }),
  email: ({ regex }) => ({ pattern: (regex as RegExp).source }),
};

interface Described {
  type: string;
  nullable?: boolean;
  oneOf?: unknown[];
  tests?: { name?: string; params?: Record<string, unknown> }[];
  meta?: JsonSchema;
  fields?: Record<string, Described & { optional?: boolean }>;
}

/**
 * Returns what an object schema of yup asks for, as JSON Schema. The `meta` of a schema holds keywords of JSON Schema,
 * which stand over what yup tells; a test of its own that yup cannot describe is told there alone. Throws TypeError if
 * it is told nowhere, so that no limit is left out of a document.
 */
export const jsonSchema = (schema: Describable): JsonSchema =>
  convert(schema.describe() as SchemaFieldDescription as Described);

function convert({ type, nullable, oneOf = [], tests = [], meta, fields }: Described): JsonSchema {
  return {
    type: nullable ? [type, 'null'] : type,
    ...(oneOf.length > 0 && { enum: oneOf }),
    ...Object.assign({}, ...tests.map((test) => keywords(test, meta))),
    ...(fields && members(fields)),
    ...meta,
  };
}

function keywords({ name = '', params = {} }: { name?: string; params?: object }, meta: unknown): JsonSchema {
  const found = keywordsOf[name];
  if (!found && meta === undefined) throw new TypeError(`what the test ${name} asks for is told nowhere`);
  return found?.(params as Record<string, unknown>) ?? {};
}

function members(fields: NonNullable<Described['fields']>): JsonSchema {
  const required = Object.keys(fields).filter((name) => !fields[name]?.optional);
  return {
    properties: Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, convert(field)])),
    ...(required.length > 0 && { required }),
  };
}
