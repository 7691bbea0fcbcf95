import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import test from 'ava';
import fc from 'fast-check';
import { documents } from '../../nginx/docs/files.ts';
import { documentedGateway } from '../e2e/gateway.ts';
import { seed } from '../stack/api.ts';
import { sharedStack } from '../stack/world.ts';

// What the running system makes of the limits that the description tells.

const shared = sharedStack(test, { env: { LOG_LEVEL: 'warn' } });
const gateway = documentedGateway(shared);
const make = seed(gateway);

const ajv = new Ajv2020({ strict: false, validateSchema: false });
formats.default(ajv);
ajv.addSchema(documents['openapi.json'](), 'api');
const described = (schema: string) => ajv.compile({ $ref: `api#/components/schemas/${schema}` });

/** Text of so many characters: none, few, many, or about as many as are allowed. */
const lengths = (limit: number) => [0, 1, 2, limit - 1, limit, limit + 1];

test('each limit of the description is that of the service, at the border and beyond', async (t) => {
  const user = await make.user();
  const [valid, changes] = [described('UserInput'), described('TaskChanges')];
  const { id } = await make.task(user.id);
  const address = (length: number) =>
    `${'a'.repeat(Math.max(0, length - 6))}@x.org`.slice(-length || undefined);
  const bodies = [
    ...lengths(200).map((length) => ({ name: 'ü'.repeat(length), email: 'ada@example.com' })),
    ...lengths(200).map((length) => ({ name: '😀'.repeat(length), email: 'ada@example.com' })),
    ...lengths(320).map((length) => ({ name: 'Ada', email: address(length) })),
    ...[{}, { name: null }, { name: ['Ada'] }, { email: null }, { email: 'ada' }, { email: 'a@b' }].map(
      (odd) => ({
        name: 'Ada',
        email: 'ada@example.com',
        ...odd,
      }),
    ),
    { name: 'Ada' },
    { email: 'ada@example.com' },
  ];
  for (const body of bodies) {
    const { status } = await gateway.put(`/users/users/${user.id}`, body);
    t.is(status, valid(body) ? 200 : 422, JSON.stringify(body).slice(0, 80));
  }
  const patches = [
    ...lengths(200).map((length) => ({ title: '😀'.repeat(length) })),
    ...lengths(10_000).map((length) => ({ description: 'ü\n\t'.repeat(length).slice(0, length) })),
    ...['pending', 'in-progress', 'completed', 'done', '', null, 1].map((status) => ({ status })),
    ...[null, 1, true].flatMap((odd) => [{ title: odd }, { description: odd }]),
    ...[{}, { unknown: 1 }],
  ];
  for (const body of patches) {
    const { status } = await gateway.put(`/tasks/tasks/${id}`, body);
    t.is(status, changes(body) ? 200 : 422, JSON.stringify(body).slice(0, 80));
  }
});

test('white space at both ends does not count: here the service takes more than the description promises', async (t) => {
  const body = { name: ` ${'ü'.repeat(200)} `, email: 'ada@example.com' };
  t.false(described('UserInput')(body));
  t.is((await gateway.post('/users/users', body)).json<{ name: string }>().name, body.name);
});

const pieces = fc.constantFrom(
  'a',
  ' ',
  '\t',
  '\n',
  '\u0000',
  '\u007f',
  '\u00a0',
  '\u200b',
  '\u2028',
  '\ufeff',
  '😀',
  'e\u0301',
);
/** Made before any request is under way: it takes a second or more, in which no answer could be taken. */
const texts = fc.oneof(
  fc.array(pieces, { maxLength: 6 }).map((parts) => parts.join('')),
  fc.string({ unit: 'binary', maxLength: 8 }),
);

test('the description of a text takes what the service takes, whatever its characters', async (t) => {
  const { id } = await make.task((await make.user()).id);
  const changes = described('TaskChanges');
  await fc.assert(
    fc.asyncProperty(texts, texts, async (title, description) => {
      const { status } = await gateway.put(`/tasks/tasks/${id}`, { title, description });
      t.is(status, changes({ title, description }) ? 200 : 422, JSON.stringify({ title, description }));
    }),
    { numRuns: 300 },
  );
});

interface Listed {
  paths: { '/tasks/tasks': { get: { parameters: { name: string; schema: object }[] } } };
}

test('each limit of the query is that of the service', async (t) => {
  const user = await make.user();
  const task = await make.task(user.id);
  const { paths } = documents['openapi.json']() as unknown as Listed;
  const { parameters } = paths['/tasks/tasks'].get;
  const schemaOf = (name: string) => parameters.find((parameter) => parameter.name === name)?.schema ?? {};
  const limit = ajv.compile(schemaOf('limit'));
  for (const value of [-1, 0, 1, 2, 999, 1000, 1001, 1.5]) {
    const { status } = await gateway.get(`/tasks/tasks?userId=${user.id}&limit=${value}`);
    t.is(status, limit(value) ? 200 : 422, String(value));
  }
  for (const [name, values] of [
    ['status', ['pending', 'completed', 'done', 'Pending']],
    ['cursor', [task.id, 'here']],
  ] as const) {
    const validate = ajv.compile(schemaOf(name));
    for (const value of values) {
      const { status } = await gateway.get(`/tasks/tasks?userId=${user.id}&${name}=${value}`);
      t.is(status, validate(value) ? 200 : 422, value);
    }
  }
});
