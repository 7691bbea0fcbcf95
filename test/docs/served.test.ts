import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import test from 'ava';
import { fromCloudEvent, type Task, taskEvents, toCloudEvent, userEvents } from 'shared-events';
import { describeService, openApi } from 'shared-events/openapi';
import { documents, folder } from '../../nginx/docs/files.ts';
import { pageNames } from '../../nginx/docs/readme-pages.ts';
import { taskApi } from '../../task-service/src/routes.ts';
import { userApi } from '../../user-service/src/routes.ts';
import { undocumented } from '../e2e/documented.ts';
import { documentedGateway } from '../e2e/gateway.ts';
import { api, seed } from '../stack/api.ts';
import { sharedStack } from '../stack/world.ts';

// The descriptions as they are served, and whether answers and streams are as they say.

const shared = sharedStack(test, { env: { LOG_LEVEL: 'warn' } });
const gateway = documentedGateway(shared);
const make = seed(gateway);

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
  for (const path of ['/docs', '/docs/events', '/docs/readme', '/docs/readme/nginx', '/docs/redoc.js']) {
    t.is((await gateway.get(path)).status, 200);
    t.is((await gateway.request('HEAD', path)).status, 200);
    const refused = await gateway.post(path, {});
    t.is(refused.status, 405);
    t.is(refused.headers.get('allow'), 'GET, HEAD');
  }
  for (const path of [
    '/docs/',
    '/docs/page.html',
    '/docs/readme/',
    '/docs/readme/nowhere',
    '/docs/readme/index',
  ]) {
    t.is((await gateway.get(path)).status, 404, path);
  }
});

test('the pages of the READMEs lead to each other, and every link of theirs to something that is there', async (t) => {
  const paths = ['/docs/readme', ...pageNames.map((name) => `/docs/readme/${name}`)];
  const texts = new Map<string, string>();
  for (const path of paths) texts.set(path, (await gateway.get(path)).text);
  const reached = new Set<string>();
  for (const [path, text] of texts) {
    for (const [, href = ''] of text.matchAll(/<a href="([/#][^"]*)"/g)) {
      const [target = '', heading] = href.split('#');
      if (!target.startsWith('/docs/readme') && target !== '') {
        t.is((await gateway.get(target)).status, 200, `${path}: ${href}`);
        continue;
      }
      const there = texts.get(target || path);
      t.true(there !== undefined && (!heading || there.includes(`id="${heading}"`)), `${path}: ${href}`);
      if (target && target !== path) reached.add(target);
    }
  }
  t.deepEqual([...reached].sort(), paths.sort());
});

test('the address alone leads a browser to the page, and is no path of the API', async (t) => {
  const browser = api(shared.stack.urls.gateway);
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

interface Sampled {
  responses: Record<string, unknown>;
  'x-codeSamples': { source: string }[];
}

test('each sample of curl is answered as its operation says', async (t) => {
  const { paths } = documents['openapi.json']() as unknown as {
    paths: Record<string, Record<string, Sampled>>;
  };
  const run = promisify(execFile);
  for (const [path, operations] of Object.entries(paths)) {
    for (const [method, { responses, 'x-codeSamples': samples }] of Object.entries(operations)) {
      const user = await make.user();
      const task = await make.task(user.id);
      const source = (samples[0]?.source ?? '')
        .replace(/^GATEWAY=.*$/m, `GATEWAY=${shared.stack.urls.gateway}`)
        .replace(/"userId":"[^"]*"/, `"userId":"${user.id}"`);
      const env = { PATH: process.env.PATH, USER_ID: user.id, TASK_ID: task.id, PAGE: 'nginx' };
      const { stdout } = await run('sh', ['-c', source], { env, encoding: 'latin1', maxBuffer: 2 ** 24 });
      const [, status = ''] = /^HTTP\/1\.1 (\d+)/.exec(stdout) ?? [];
      t.true(status in responses && status.startsWith('2'), `${method} ${path}: ${status}\n${source}`);
    }
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
  const { redis } = shared;
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
  t.deepEqual([...met].sort(), [...userEvents.types, ...taskEvents.types].sort());
});
