import { readFileSync } from 'node:fs';
import test from 'ava';
import fc from 'fast-check';
import { untilReady } from '../stack/api.ts';
import type { Part } from '../stack/part.ts';
import { assertAnswer, assertCommon } from './answer.ts';
import { full, size } from './size.ts';
import type { WireRequest } from './wire.ts';
import { worldUnderTest } from './world.ts';

// Requests made up around what each route takes. Whatever comes, the answer is one that the route may give.

// In a small heap, what is not needed any more is collected soon, and whatever is held for ever ends the service.
const world = worldUnderTest(test, { env: { NODE_OPTIONS: '--max-old-space-size=64' } });

interface Known {
  users: string[];
  tasks: string[];
}

interface Route {
  method: string;
  path: fc.Arbitrary<string>;
  body?: fc.Arbitrary<string>;
  /** What it may answer, besides what any request may meet. */
  answers: number[];
}

/** What any request may meet: no HTTP, nothing there, another method, another media type asked for. */
const always = [400, 404, 405, 406, 414, 431, 501];
const ofBodies = [413, 415, 422];

const odd = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({ unit: 'grapheme', maxLength: 300 }),
  fc.constantFrom(
    '',
    ' ',
    '\u0000',
    '\ud800',
    '\n',
    '__proto__',
    '{0}',
    '*',
    '../..',
    '%00',
    'a'.repeat(10_001),
  ),
);
const value = fc.oneof(
  { weight: 2, arbitrary: odd },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 4 }) },
);
const email = fc.oneof(fc.emailAddress(), odd);
const status = fc.oneof(fc.constantFrom('pending', 'in-progress', 'completed'), value);

/** JSON of an object with some of these members and some others, and now and then of something else. */
const document = (members: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<string> => {
  const whole = fc.record(members, { requiredKeys: [] });
  const more = fc.dictionary(
    fc.oneof(fc.string(), fc.constantFrom('__proto__', 'id', 'constructor')),
    value,
    { maxKeys: 3 },
  );
  const object = fc.tuple(whole, more).map(([one, other]) => JSON.stringify({ ...other, ...one }));
  return fc.oneof(
    { weight: 8, arbitrary: object },
    { weight: 1, arbitrary: fc.json() },
    { weight: 1, arbitrary: fc.tuple(object, fc.nat(50)).map(([text, cut]) => text.slice(0, -cut)) },
  );
};

function routesOf({ users, tasks }: Known): Route[] {
  const segment = odd.map((text) => encodeURIComponent(text.toWellFormed()).slice(0, 2000));
  const idOf = (ids: string[]) => fc.oneof(fc.constantFrom(...ids), fc.uuid(), segment);
  const userId = fc.oneof(fc.constantFrom(...users), value);
  const query = fc
    .array(
      fc.tuple(
        fc.oneof(fc.constantFrom('userId', 'status', 'limit', 'cursor'), segment),
        fc.oneof(idOf(users), fc.nat().map(String), idOf(tasks)),
      ),
      { maxLength: 5 },
    )
    .map((pairs) => pairs.map((pair) => pair.join('=')).join('&'));
  const user = idOf(users).map((id) => `/users/users/${id}`);
  const task = idOf(tasks).map((id) => `/tasks/tasks/${id}`);
  const userBody = document({ name: value, email });
  const taskBody = document({ userId, title: value, description: value, status });
  return [
    { method: 'POST', path: fc.constant('/users/users'), body: userBody, answers: [201, ...ofBodies] },
    { method: 'GET', path: user, answers: [200, 304] },
    { method: 'HEAD', path: user, answers: [200, 304] },
    { method: 'PUT', path: user, body: userBody, answers: [200, 412, ...ofBodies] },
    { method: 'DELETE', path: user.map((path) => `${path}x`), answers: [204, 412] },
    { method: 'GET', path: user.map((path) => `${path}/tasks`), answers: [200] },
    { method: 'POST', path: fc.constant('/tasks/tasks'), body: taskBody, answers: [201, ...ofBodies] },
    { method: 'GET', path: query.map((text) => `/tasks/tasks?${text}`), answers: [200, 422] },
    { method: 'GET', path: task, answers: [200, 304] },
    { method: 'PUT', path: task, body: taskBody, answers: [200, 412, ...ofBodies] },
    { method: 'DELETE', path: task, answers: [204, 412] },
    { method: 'PATCH', path: task, body: taskBody, answers: [] },
    { method: 'GET', path: segment.map((text) => `/${text}`), answers: [200] },
    { method: 'OPTIONS', path: user, answers: [204] },
  ];
}

/** Printable, as a header's value must be: what is not is tried by the tests of headers. */
const printable = fc.string({ maxLength: 200 }).map((text) => text.replace(/[^\x20-\x7e]/g, ''));
const header = fc.tuple(
  fc.constantFrom(
    'X-Request-Id',
    'traceparent',
    'Idempotency-Key',
    'If-Match',
    'If-None-Match',
    'Accept',
    'Range',
    'Cookie',
    'X-Forwarded-Prefix',
    'Content-Type',
    'Expect',
    'Origin',
  ),
  fc.oneof(printable, fc.constantFrom('*', '"1-1"', 'application/json', '*/*', '')),
);

const requestTo = ({ method, path, body, answers }: Route) =>
  fc.record({
    request: fc.record<WireRequest>({
      method: fc.constant(method),
      path,
      headers: fc.array(header, { maxLength: 3 }) as fc.Arbitrary<[string, string][]>,
      ...(body && { body }),
    }),
    allowed: fc.constant([...always, ...answers]),
  });

/** The memory a process holds, in megabytes. */
const memoryOf = (part: Part): number =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${part.pid()}/status`, 'utf8'))?.[1]) / 1024;

test('whatever is sent to a route, its answer is one that the contract has', async (t) => {
  const users = await Promise.all(Array.from({ length: 5 }, () => world.user()));
  const tasks = await Promise.all(users.map(({ id }) => world.task(id)));
  const known = { users: users.map(({ id }) => id), tasks: tasks.map(({ id }) => id) };
  const requests = fc.array(fc.oneof(...routesOf(known).map(requestTo)), { minLength: 10, maxLength: 10 });
  const services = [world.stack.users, world.stack.tasks];
  const seen = new Set<number>();

  const fuzz = (seconds: number) =>
    fc.assert(
      fc.asyncProperty(requests, (all) =>
        Promise.all(
          all.map(async ({ request, allowed }) => {
            const answer = await world.send(request);
            const what = `${request.method} ${String(request.path).slice(0, 200)} ${answer.status}`;
            if (!allowed.includes(answer.status)) throw new Error(`${what} ${answer.text}`);
            if (answer.status < 400 || request.method === 'HEAD') assertCommon(t, answer, what);
            else assertAnswer(t, answer, [answer.status, answer.json<{ code: string }>().code], what);
            seen.add(answer.status);
          }),
        ).then(() => undefined),
      ),
      { numRuns: 1_000_000, interruptAfterTimeLimit: seconds * 1000, endOnFailure: true },
    );

  await fuzz(size(3, 30));
  const before = services.map(memoryOf);
  await fuzz(size(3, 90));
  await untilReady(world.gateway);
  for (const [at, part] of services.entries()) {
    const growth = memoryOf(part) - (before[at] as number);
    t.true(growth < 64, `${part.name} has grown by ${growth} MB`);
  }
  // What a few seconds are sure to meet, and what takes longer.
  for (const status of [200, 404, 422, ...(full ? [201, 204, 304, 400, 405, 406, 415] : [])])
    t.true(seen.has(status), `${status} was met`);
});
