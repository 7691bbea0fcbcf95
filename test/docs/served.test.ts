import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import test from 'ava';
import fc from 'fast-check';
import { fromCloudEvent, type Task, taskEvents, toCloudEvent, userEvents } from 'shared-events';
import { describeService, openApi } from 'shared-events/openapi';
import { documents, folder } from '../../nginx/docs/files.ts';
import { taskApi } from '../../task-service/src/routes.ts';
import { userApi } from '../../user-service/src/routes.ts';
import { documented, undocumented } from '../e2e/documented.ts';
import { type Api, api, seed } from '../stack/api.ts';
import { openTestRedis } from '../stack/redis.ts';
import { type Stack, startStack } from '../stack/stack.ts';

// The descriptions as they are served, and what the running system makes of the limits they tell.

let stack: Stack;
let gateway: Api;
let make: ReturnType<typeof seed>;

test.before(async () => {
  stack = await startStack({ env: { LOG_LEVEL: 'warn' } });
  gateway = documented(api(stack.urls.gateway));
  make = seed(gateway);
});
test.after.always(() => stack.stop());

test('the gateway serves the descriptions and their pages, each service its own', async (t) => {
  for (const name of ['openapi.json', 'asyncapi.json'] as const) {
    t.is((await gateway.get(`/${name}`)).text, readFileSync(join(folder, name), 'utf8'));
  }
  t.deepEqual(
    (await gateway.get('/users/openapi.json')).json(),
    JSON.parse(JSON.stringify(openApi(describeService(userApi)))),
  );
  t.deepEqual(
    (await gateway.get('/tasks/openapi.json')).json(),
    JSON.parse(JSON.stringify(openApi(describeService(taskApi)))),
  );
  for (const path of ['/docs', '/docs/events', '/docs/redoc.js']) {
    t.is((await gateway.get(path)).status, 200);
    t.is((await gateway.request('HEAD', path)).status, 200);
    const refused = await gateway.post(path, {});
    t.is(refused.status, 405);
    t.is(refused.headers.get('allow'), 'GET, HEAD');
  }
  t.is((await gateway.get('/docs/')).status, 404);
  t.is((await gateway.get('/docs/page.html')).status, 404);
});

test('the address alone leads a browser to the page, and is no path of the API', async (t) => {
  const browser = api(stack.urls.gateway);
  const led = await browser.get('/', { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' });
  t.is(led.status, 302);
  t.is(led.headers.get('location'), '/docs');
  t.is(led.headers.get('cache-control'), 'no-store');
  t.is((await gateway.get('/')).status, 404);
  t.is((await gateway.request('POST', '/', { headers: { Accept: 'text/html' } })).status, 404);
});

test('every path of the description leads to a route that has its methods', async (t) => {
  const { paths } = documents['openapi.json']() as unknown as { paths: Record<string, object> };
  t.true(Object.keys(paths).length > 15);
  for (const [path, operations] of Object.entries(paths)) {
    const there = path.replace(/\{\w+\}/g, '01890000-0000-7000-8000-000000000000');
    const options = await gateway.request('OPTIONS', there);
    t.is(options.status, /^\/(users|tasks)\//.test(path) ? 204 : 405, path);
    const allowed = options.headers.get('allow')?.split(', ') ?? [];
    const described = Object.keys(operations).map((method) => method.toUpperCase());
    t.deepEqual(allowed.filter((method) => method !== 'HEAD').sort(), described.sort(), path);
  }
});

test('only the pages may run a script, that of the gateway; a nonce is never used twice', async (t) => {
  const policy = async (path: string) =>
    (await gateway.get(path)).headers.get('content-security-policy') ?? '';
  const [one, two] = [await policy('/docs'), await policy('/docs')];
  t.notRegex(one, /unsafe|https?:|\*/);
  t.regex(one, /default-src 'none'; script-src 'self'; style-src 'nonce-[0-9a-f]{32}'/);
  t.not(one, two);
  for (const path of ['/openapi.json', '/asyncapi.json', '/users/openapi.json', '/health', '/docs/nowhere']) {
    t.is(await policy(path), "default-src 'none'; frame-ancestors 'none'", path);
  }
});

test('the viewer is loaded again only when it is another one', async (t) => {
  const modified = (await gateway.get('/docs/redoc.js')).headers.get('last-modified') ?? '';
  t.is((await gateway.get('/docs/redoc.js', { 'If-Modified-Since': modified })).status, 304);
});

test('an answer that is not as described is noticed', async (t) => {
  const user = await make.user();
  const answer = await gateway.get(`/users/users/${user.id}`);
  const faults = (change: Partial<typeof answer>) =>
    undocumented('GET', `/users/users/${user.id}`, { ...answer, ...change });
  const without = new Headers(answer.headers);
  without.delete('etag');
  const odd = new Headers(answer.headers);
  odd.set('etag', 'W/"odd"');
  t.deepEqual(faults({}), []);
  t.is(faults({ status: 418 }).length, 1);
  t.is(faults({ headers: without }).length, 1);
  t.is(faults({ headers: odd }).length, 1);
  t.is(faults({ headers: new Headers([...answer.headers, ['x-secret', '1']]) }).length, 1);
  t.is(faults({ json: <T>() => ({ ...user, id: 42 }) as T }).length, 1);
  t.is(faults({ json: <T>() => ({ ...user, secret: 1 }) as T }).length, 1);
  t.is(
    faults({
      headers: new Headers(
        [...answer.headers].map(([name, value]) => [name, name === 'content-type' ? 'text/html' : value]),
      ),
    }).length,
    1,
  );
});

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

test('what stands in the streams is as described, as entries and as CloudEvents', async (t) => {
  const user = await make.user();
  const task = await make.task(user.id, { description: null });
  await gateway.put(`/tasks/tasks/${task.id}`, { status: 'completed' } satisfies Partial<Task>);
  await gateway.delete(`/tasks/tasks/${task.id}`);
  await gateway.put(`/users/users/${user.id}`, { name: 'Grace', email: 'grace@example.com' });
  await gateway.delete(`/users/users/${user.id}`);
  const events = new Ajv({ strict: false, validateSchema: false });
  formats.default(events);
  events.addSchema(documents['asyncapi.json'](), 'events');
  const validate = (message: string, value: unknown) => {
    const payload = events.compile({ $ref: `events#/components/messages/${message}/payload` });
    t.true(payload(value), `${message}: ${events.errorsText(payload.errors)}`);
  };
  const redis = openTestRedis(stack);
  const met = new Set<string>();
  for (const stream of [userEvents, taskEvents]) {
    for (const entry of await redis.xrange(stream.key(0), '-', '+')) {
      const [, fields] = entry;
      const pairs = fields.flatMap((name, at) => (at % 2 === 0 ? [[name, fields[at + 1]] as const] : []));
      const event = toCloudEvent(stream.key(0), entry);
      validate(event.type, Object.fromEntries(pairs));
      validate(`${event.type}.cloudevent`, event);
      t.deepEqual(fromCloudEvent(event).entry, entry);
      met.add(event.type);
    }
  }
  redis.disconnect();
  t.deepEqual([...met].sort(), [...userEvents.types, ...taskEvents.types].sort());
});
