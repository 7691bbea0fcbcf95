import { requestParameters } from '../http/describe.ts';
import type { Description, JsonSchema } from '../http/route.ts';
import { jsonSchema } from './json-schema.ts';

/** What a request may have, in its path, headers and query. */
export const describeParameters = ({ parameters = [], query }: Description): JsonSchema[] => [
  ...parameters,
  ...(query ? queryParameters(query) : []),
  ...requestParameters,
];

/** The members of a query's schema, one parameter each. */
function queryParameters({ schema, about }: NonNullable<Description['query']>): JsonSchema[] {
  const { properties, required = [] } = jsonSchema(schema) as {
    properties: Record<string, JsonSchema>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, member]) => ({
    in: 'query',
    name,
    required: required.includes(name),
    schema: member,
    ...about[name],
  }));
}

/**
 * The pattern of a route as a template: what is `:id` to the router has the name that its parameter is described by.
 * Throws TypeError if it is described nowhere.
 */
export function templateOf({ path, parameters = [] }: Description & { path: string }): string {
  const names = parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name);
  return path.replaceAll(/:\w+/g, (pattern) => {
    const name = names.shift();
    if (name === undefined) throw new TypeError(`${pattern} in ${path} is described nowhere`);
    return `{${name}}`;
  });
}
