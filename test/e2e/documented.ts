import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { type Answer, type Api, clientOf } from '../stack/api.ts';
import { root } from '../stack/parts.ts';

// Every answer of the end-to-end tests is checked against the description that the gateway serves at /openapi.json.

interface Ref {
  $ref?: string;
}
interface Header {
  required?: boolean;
  schema: object;
}
interface Response {
  headers?: Record<string, Header & Ref>;
  content?: Record<string, { schema: object }>;
}
interface Responses {
  [status: string]: Response & Ref;
}

/** A client may meet members that a later version adds, but a test none that are not described. */
const closed = (_name: string, part: { type?: unknown; properties?: object; allOf?: object } | null) =>
  part?.type === 'object' && part.properties && !part.allOf ? { ...part, additionalProperties: false } : part;

const document = JSON.parse(readFileSync(join(root, 'nginx/docs/openapi.json'), 'utf8'), closed);
const paths = Object.entries(document.paths as Record<string, Record<string, { responses: Responses }>>);
const templates = paths.map(([path, operations]) => ({
  pattern: new RegExp(`^${path.replace(/[.]/g, '\\$&').replace(/\{\w+\}/g, '[^/]+')}$`),
  operations,
}));

const ajv = new Ajv2020({ strict: false, allErrors: true, validateSchema: false });
formats.default(ajv);
ajv.addSchema(document, 'api');

/** What a reference in the document leads to. */
function resolve<T extends Ref>(part: T): T {
  if (!part.$ref) return part;
  const steps = part.$ref.slice(2).split('/');
  return steps.reduce((at, step) => at[step], document);
}

const compiled = new WeakMap<object, ValidateFunction>();

function errorsIn(schema: object, value: unknown): string | undefined {
  const validate = compiled.get(schema) ?? ajv.compile(withinDocument(schema));
  compiled.set(schema, validate);
  return validate(value) ? undefined : ajv.errorsText(validate.errors);
}

/** A schema of the document with its references as seen from outside. */
const withinDocument = (schema: object): object =>
  JSON.parse(JSON.stringify(schema).replaceAll('"$ref":"#/', '"$ref":"api#/'));

/** Headers that HTTP itself brings, or the connection. */
const ofHttp = new Set([
  'connection',
  'content-length',
  'content-type',
  'date',
  'keep-alive',
  'server',
  'transfer-encoding',
]);

/** The responses that the description has for a request. */
function responsesFor(method: string, path: string): Responses {
  // The gateway takes an encoded slash for a slash.
  const pathname = path.replace(/[?#].*$/s, '').replaceAll(/%2f/gi, '/');
  const operations = templates.find(({ pattern }) => pattern.test(pathname))?.operations;
  const operation = operations?.[method === 'HEAD' ? 'get' : method.toLowerCase()];
  return operation?.responses ?? document['x-unmatched'].responses;
}

/** What is wrong with an answer by the description; nothing where it is as described. */
export function undocumented(method: string, path: string, answer: Answer): string[] {
  const found = responsesFor(method, path)[answer.status];
  if (!found) return [`the status ${answer.status}`];
  const response = resolve(found);
  return [...wrongHeaders(response, answer), ...(method === 'HEAD' ? [] : wrongBody(response, answer))];
}

function wrongHeaders({ headers = {} }: Response, answer: Answer): string[] {
  const described = new Map(
    Object.entries(headers).map(([name, header]) => [name.toLowerCase(), resolve(header)]),
  );
  const unknown = [...answer.headers.keys()].filter((name) => !described.has(name) && !ofHttp.has(name));
  const wrong = [...described].map(([name, { required, schema }]) => {
    const value = answer.headers.get(name);
    if (value === null) return required ? `no header ${name}` : undefined;
    const errors = errorsIn(schema, 'type' in schema && schema.type === 'integer' ? Number(value) : value);
    return errors && `header ${name}: ${value}: ${errors}`;
  });
  return [...unknown.map((name) => `the header ${name}`), ...wrong.filter((text) => text !== undefined)];
}

function wrongBody({ content }: Response, { headers, text, json }: Answer): string[] {
  if (!content) return text === '' ? [] : [`a body: ${text}`];
  const type = (headers.get('content-type') ?? '').replace(/;.*$/, '');
  const media = content[type];
  if (!media) return [`the media type ${type}`];
  const errors = errorsIn(media.schema, type.endsWith('json') ? json() : text);
  return errors ? [`the body ${text}: ${errors}`] : [];
}

/** The same client; where an answer is not as described, its request fails and tells how. */
export function documented(client: Api): Api {
  const request: Api['request'] = async (method, path, options) => {
    const answer = await client.request(method, path, options);
    const faults = undocumented(method, path, answer);
    if (faults.length === 0) return answer;
    throw new Error(
      `${method} ${path} ${answer.status} is not as described (npm run docs describes it anew): ${faults.join('; ')}`,
    );
  };
  return clientOf(request);
}
