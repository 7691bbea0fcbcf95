import type { Redis } from 'ioredis';
import { type Entry, type RawEntry, readEntry, subjectOf, type Task } from 'shared-events';
import { parseRecord } from 'shared-events/records';
import { startCommand } from '../stack/commands.ts';
import type { Stack } from '../stack/stack.ts';
import type { History } from './history.ts';
import type { World } from './world.ts';

/** What stays when everything else may break; each letter stands for one promise. */
export const promises = {
  A: 'every write that was answered 2xx is there, once',
  B: 'every event has its state, and nothing else has',
  C: 'a write answered with an error happened whole or not at all',
  D: 'versions only grow; per user events stand in the order of answers',
  E: 'no task without its user',
  F: 'healthy again by itself within 10 s',
  G: 'no answer over 5 s, none a hang, none with internals',
} as const;

interface State {
  users: Entry[];
  tasks: Entry[];
  /** of users and tasks, by key */
  records: Map<string, string>;
  indexes: Map<string, string[]>;
  known: Record<string, string>;
}

/**
 * Reads everything there is and compares it with what clients were told. Gives what is broken, each with its letter.
 */
export async function brokenPromises({ stack, redis, history, exempt }: World): Promise<string[]> {
  const state = await readState(redis, exempt);
  return [
    ...history.violations,
    ...everyAnswerIsKept(state, history),
    ...noRequestTwice(state, history),
    ...ordersAgree(state, history),
    ...recordsAreEvents(state, exempt),
    ...indexesAreEvents(state, exempt),
    ...knownUsersAreEvents(state, exempt),
    ...tasksHaveUsers(state, exempt),
    ...(await differences(stack, exempt)),
  ];
}

async function readState(redis: Redis, exempt: Set<string>): Promise<State> {
  const entries = async (stream: string) =>
    ((await redis.xrange(stream, '-', '+')) as RawEntry[])
      .filter((raw) => !exempt.has(subjectOf(raw)))
      .map(readEntry);
  const keys = await redis.keys('*');
  const recordKeys = keys.filter((key) => /^(user|task):\{/.test(key));
  const values = recordKeys.length > 0 ? await redis.mget(recordKeys) : [];
  const indexKeys = keys.filter((key) => key.startsWith('tasks-of:'));
  const members = await Promise.all(indexKeys.map((key) => redis.zrange(key, '0', '-1')));
  return {
    users: await entries('user-events:{0}'),
    tasks: await entries('task-events:{0}'),
    records: new Map(recordKeys.map((key, at) => [key, values[at] ?? ''])),
    indexes: new Map(indexKeys.map((key, at) => [key, members[at] ?? []])),
    known: await redis.hgetall('known-users:{0}'),
  };
}

function* everyAnswerIsKept({ users, tasks }: State, { written }: History) {
  const byRequest = Map.groupBy([...users, ...tasks], ({ request, subject }) => `${request} ${subject}`);
  for (const { requests, subject, version, text } of written) {
    const events = requests.flatMap((request) => byRequest.get(`${request} ${subject}`) ?? []);
    if (events.length !== 1) yield `A ${subject} has ${events.length} events of requests ${requests}`;
    else if (version !== undefined && events[0]?.id !== version)
      yield `A ${subject} ${version} is not in the stream, but ${events[0]?.id} is`;
    else if (text !== undefined && events[0]?.data !== text)
      yield `A ${subject} ${version} is not what was answered`;
  }
}

function* noRequestTwice({ users, tasks }: State, { asked, refused }: History) {
  // Tasks that go with their user carry the request that deleted the user.
  const deletions = new Set(
    users.filter(({ type }) => type === 'user.deleted').map(({ request }) => request),
  );
  const asksFor = ({ type, request }: Entry) => type !== 'task.deleted' || !deletions.has(request);
  const own = Map.groupBy([...users, ...tasks].filter(asksFor), ({ request }) => request);
  for (const requests of asked) {
    const events = requests.flatMap((request) => own.get(request) ?? []);
    if (events.length > 1) yield `C requests ${requests} made ${events.length} events`;
  }
  for (const request of refused) {
    if (own.has(request)) yield `C request ${request} was refused, and made an event`;
  }
}

function* ordersAgree({ users, tasks }: State, { written }: History) {
  for (const [user, writes] of Map.groupBy(written, (write) => write.user)) {
    for (const events of [users, tasks]) {
      const place = new Map(events.map(({ id }, at) => [id, at]));
      const places = writes.flatMap(({ version = '' }) => place.get(version) ?? []);
      if (places.some((at, n) => at <= (places[n - 1] ?? -1))) yield `D events of ${user} are not in order`;
    }
  }
  for (const [subject, events] of Map.groupBy([...users, ...tasks], (entry) => entry.subject)) {
    const life = events.map(({ type }) => type.split('.')[1]).join(' ');
    if (!/^created( updated)*( deleted)?$/.test(life)) yield `D the life of ${subject} is: ${life}`;
  }
}

/** The last events of all that were not deleted. */
function living(events: Entry[]): Entry[] {
  const last = new Map(events.map((entry) => [entry.subject, entry]));
  return [...last.values()].filter(({ type }) => !type.endsWith('.deleted'));
}

function* recordsAreEvents({ users, tasks, records }: State, exempt: Set<string>) {
  const expected = new Map<string, string>();
  for (const { subject, id, schema, data } of living(users))
    expected.set(`user:{0}:${subject}`, `${id} ${schema} ${data}`);
  for (const { subject, id, schema, data } of living(tasks))
    expected.set(`task:{0}:${subject}`, `${id} ${schema} ${data}`);
  for (const key of new Set([...expected.keys(), ...records.keys()])) {
    if (exempt.has(key.split(':')[2] ?? '') || expected.get(key) === records.get(key)) continue;
    yield `B ${key} is ${records.get(key)}, and should be ${expected.get(key)}`;
  }
}

function* indexesAreEvents({ tasks, indexes }: State, exempt: Set<string>) {
  const expected = new Map<string, string[]>();
  for (const { subject, data } of living(tasks)) {
    const { userId, status } = JSON.parse(data) as Task;
    for (const key of [`tasks-of:{0}:${userId}`, `tasks-of:{0}:${userId}:${status}`])
      expected.set(key, [...(expected.get(key) ?? []), subject].sort());
  }
  for (const key of new Set([...expected.keys(), ...indexes.keys()])) {
    const [should, is] = [expected.get(key)?.join(), indexes.get(key)?.join()];
    if (exempt.has(key.split(':')[2] ?? '') || should === is) continue;
    yield `B ${key} holds ${is}, and should hold ${should}`;
  }
}

function* knownUsersAreEvents({ users, known }: State, exempt: Set<string>) {
  const { position: _, passed: __, ...versions } = known;
  const alive = new Map(living(users).map(({ subject, id }) => [subject, id]));
  for (const user of new Set([...alive.keys(), ...Object.keys(versions)])) {
    if (exempt.has(user) || alive.get(user) === versions[user]) continue;
    yield `B known-users has ${user} at ${versions[user]}, and should have it at ${alive.get(user)}`;
  }
}

function* tasksHaveUsers({ records }: State, exempt: Set<string>) {
  for (const [key, record] of records) {
    if (!key.startsWith('task:')) continue;
    const { userId } = JSON.parse(parseRecord(record).text) as Task;
    if (!exempt.has(userId) && !records.has(`user:{0}:${userId}`)) yield `E ${key} is left of user ${userId}`;
  }
}

/** Lets the replay commands compare everything with a shadow made from the streams. */
async function differences(stack: Stack, exempt: Set<string>): Promise<string[]> {
  const { code, output, errors } = await startCommand('replay', stack, ['all', '--verify']).result;
  const told = output.split('\n').flatMap((line) => {
    const [, kept] = /^(?:user|task|known-users) (\S+) is not/.exec(line) ?? [];
    const [, unread] = /^entry \S+ of (.+?) cannot be understood/.exec(line) ?? [];
    const subject = kept ?? (unread === 'no subject' ? '' : unread);
    return subject === undefined ? [] : [{ line, subject }];
  });
  const unexpected = told.filter(({ subject }) => !exempt.has(subject)).map(({ line }) => line);
  if (code === 2 || (code === 1 && told.length === 0)) unexpected.push(errors);
  return unexpected.map((line) => `B ${line}`);
}
