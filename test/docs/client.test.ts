import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { apiClient } from 'shared-events/client';
import { documents } from '../../nginx/docs/files.ts';
import { clientTypes } from '../../shared-events/client/generate.ts';
import { type Answer, api } from '../stack/api.ts';
import { root } from '../stack/parts.ts';
import { sharedStack } from '../stack/world.ts';

// What is made of the description for those who write programs against the API.

const read = (file: string) => readFileSync(join(root, 'shared-events/client', file), 'utf8');

const shared = sharedStack(test, { env: { LOG_LEVEL: 'warn' } });

// Alone: it takes seconds, in which no answer could be taken.
test.serial("the client's types are what `npm run docs` makes of the description today", async (t) => {
  t.true(read('api.ts') === (await clientTypes(documents['openapi.json']())), 'run npm run docs');
});

test('the client sends what its types say, and tells data from problems', async (t) => {
  const client = apiClient(shared.stack.urls.gateway);
  const made = await client.POST('/users/users', { body: { name: 'Ada', email: 'ada@example.com' } });
  const userId = made.data?.id ?? '';
  t.is(made.response.status, 201);
  t.is(made.data?.name, 'Ada');
  const task = await client.POST('/tasks/tasks', {
    params: { header: { 'Idempotency-Key': userId } },
    body: { userId, title: 'Buy milk' },
  });
  t.is(task.data?.status, 'pending');
  const listed = await client.GET('/tasks/tasks', { params: { query: { userId, status: 'pending' } } });
  t.deepEqual(listed.data, task.data && [task.data]);
  const taken = await client.PUT('/users/users/{userId}', {
    params: { path: { userId }, header: { 'If-Match': '"0-1"' } },
    body: { name: 'Grace', email: 'grace@example.com' },
  });
  t.is(taken.data, undefined);
  t.is(taken.error?.code, 'precondition_failed');
});

/** The requests of a file for REST Client, in their order: `###` begins one, with the status at the end of its heading. */
const requestsIn = (text: string) =>
  text
    .split(/^### /m)
    .slice(1)
    .map((part) => {
      const [head = '', body] = part.trim().split('\n\n');
      const [heading = '', ...lines] = head.split('\n');
      const [, name] = /^# @name (\w+)$/m.exec(head) ?? [];
      const [line = '', ...headers] = lines.filter((one) => !one.startsWith('#'));
      return { heading, name, line, headers, body };
    });

test('each request of requests.http is answered as its heading says', async (t) => {
  const answers = new Map<string, Answer>();
  const told = (name: string, member?: string, header?: string): string => {
    const answer = answers.get(name);
    const value = header ? answer?.headers.get(header) : answer?.json<Record<string, string>>()[member ?? ''];
    return (name === 'gateway' ? shared.stack.urls.gateway : value) ?? `no ${name} ${member ?? header}`;
  };
  /** The text with what stands in braces put in. */
  const filled = (text: string) =>
    text.replaceAll(
      /\{\{(\w+)(?:\.response\.(?:body\.\$\.(\w+)|headers\.(\w+)))?\}\}/g,
      (_, name, member, header) => told(name, member, header),
    );
  const requests = requestsIn(read('requests.http'));
  t.true(requests.length >= 8);
  for (const { heading, name, line, headers, body } of requests) {
    const [method = '', url = ''] = filled(line).split(' ');
    const answer = await api('').request(method, url, {
      headers: Object.fromEntries(headers.map((header) => filled(header).split(': ', 2))),
      ...(body !== undefined && { body: filled(body) }),
    });
    t.is(String(answer.status), /\d+$/.exec(heading)?.[0] ?? '', `${heading}\n${answer.text}`);
    if (name !== undefined) answers.set(name, answer);
  }
});
