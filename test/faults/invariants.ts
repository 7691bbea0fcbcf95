import type { Entry, Task } from 'shared-events';
import { parseRecord } from 'shared-events/records';
import { startCommand } from '../stack/commands.ts';
import type { Stack } from '../stack/stack.ts';
import type { History } from './history.ts';
import { readState, type State } from './state.ts';
import type { LoadedStack } from './world.ts';

/** What stays when everything else may break; each letter stands for one promise. */
export const promises = {
  A: 'every write that was answered 2xx is there, once',
  B: 'every event has its state, and nothing else has',
  C: 'a write answered with an error happened whole or not at all',
  D: 'versions only grow; per user events stand in the order of answers',
  E: 'no task without its user',
  F: 'healthy again by itself within 10 s',
  G: 'no answer over 5 s, none a hang, none with internals',
  H: 'in a cluster, what breaks one shard fails no request for another',
  I: 'in a cluster, the feed has every event once and in order, and tells what is lost as a gap',
} as const;

/**
 * Reads everything there is and compares it with what clients were told. Gives what is broken, each with its letter.
 */
export async function brokenPromises(world: LoadedStack): Promise<string[]> {
  const { stack, history, exempt } = world;
  const state = await readState(world);
  return [
    ...history.violations,
    ...everyAnswerIsKept(state, history),
    ...noRequestTwice(state, history),
    ...ordersAgree(state, history),
    ...recordsAreEvents(state, exempt),
    ...indexesAreEvents(state, exempt),
    ...knownUsersAreEvents(state, exempt),
    ...tasksHaveUsers(state, exempt),
    ...tasksGoWithTheirUser(state, history, exempt),
    ...(await differences(stack, exempt)),
  ];
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

function* ordersAgree({ users, tasks, tag }: State, { written }: History) {
  const streams = [users, tasks].flatMap((events) => [...Map.groupBy(events, ({ subject }) => tag(subject))]);
  const placed = streams.map(([of, events]) => ({
    of,
    place: new Map(events.map(({ id }, at) => [id, at])),
  }));
  for (const [user, writes] of Map.groupBy(written, (write) => write.user)) {
    for (const { place } of placed.filter(({ of }) => of === tag(user))) {
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

function* recordsAreEvents({ users, tasks, records, tag }: State, exempt: Set<string>) {
  const expected = new Map<string, string>();
  for (const { subject, id, schema, data } of living(users))
    expected.set(`user:${tag(subject)}:${subject}`, `${id} ${schema} ${data}`);
  for (const { subject, id, schema, data } of living(tasks))
    expected.set(`task:${tag(subject)}:${subject}`, `${id} ${schema} ${data}`);
  for (const key of new Set([...expected.keys(), ...records.keys()])) {
    if (exempt.has(key.split(':')[2] ?? '') || expected.get(key) === records.get(key)) continue;
    yield `B ${key} is ${records.get(key)}, and should be ${expected.get(key)}`;
  }
}

function* indexesAreEvents({ tasks, indexes, tag }: State, exempt: Set<string>) {
  const expected = new Map<string, string[]>();
  for (const { subject, data } of living(tasks)) {
    const { userId, status } = JSON.parse(data) as Task;
    const key = `tasks-of:${tag(userId)}:${userId}`;
    for (const each of [key, `${key}:${status}`])
      expected.set(each, [...(expected.get(each) ?? []), subject].sort());
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

function* tasksHaveUsers({ records, tag }: State, exempt: Set<string>) {
  for (const [key, record] of records) {
    if (!key.startsWith('task:')) continue;
    const { userId } = JSON.parse(parseRecord(record).text) as Task;
    if (!exempt.has(userId) && !records.has(`user:${tag(userId)}:${userId}`))
      yield `E ${key} is left of user ${userId}`;
  }
}

/** A task that no client deleted may be gone only because its user is. */
function* tasksGoWithTheirUser({ users, tasks }: State, { attempts }: History, exempt: Set<string>) {
  const asked = new Set(
    attempts.filter(({ method }) => method === 'DELETE').map(({ requestId }) => requestId),
  );
  const gone = new Set(users.filter(({ type }) => type === 'user.deleted').map(({ subject }) => subject));
  for (const { type, subject, request, data } of tasks) {
    const { userId } = JSON.parse(data) as Task;
    if (type !== 'task.deleted' || gone.has(userId) || asked.has(request) || exempt.has(userId)) continue;
    yield `E ${subject} is deleted, and its user ${userId} is not`;
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
