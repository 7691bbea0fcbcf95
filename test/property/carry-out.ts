import type { Task, User } from 'shared-events';
import { type Answer, untilReady } from '../stack/api.ts';
import { startCommand } from '../stack/commands.ts';
import type { World } from '../stack/world.ts';
import type { Command } from './commands.ts';
import { type Kept, type Model, shown, upcasts } from './model.ts';
import { type Program, type Programs, replayAll, type Service } from './programs.ts';

/** The system, and what it is to be like. */
export interface Run {
  world: World;
  programs: Programs;
  model: Model;
  partitions: number;
}

type Act<Name> = (run: Run, step: Extract<Command, { do: Name }>) => Promise<void>;

const acts: { [Name in Command['do']]: Act<Name> } = {
  async 'create user'({ world, programs, model }, { name }) {
    const answer = await world.gateway.post('/users/users', { name, email: 'a@example.com' });
    const { id, createdAt } = answer.json<User>();
    const own = programs.running.users === 'newer' ? { nickname: name } : {};
    const document = { id, name, email: 'a@example.com', ...own, createdAt, updatedAt: createdAt };
    expect(answer, 201, document);
    model.users.set(id, kept(document, programs.running.users, answer));
  },
  async 'replace user'({ world, programs, model }, { which, name }) {
    const before = pick(model.users, which);
    if (!before) return;
    const user = shown(before, programs.running.users, upcasts.users);
    const path = `/users/users/${before.document.id}`;
    const answer = await world.gateway.put(path, { name, email: before.document.email });
    if (!user) return expectNewer(answer);
    model.users.set(user.id, changed(before, user, { name }, programs.running.users, answer));
  },
  async 'delete user'({ world, programs, model: { users, tasks } }, { which }) {
    const before = pick(users, which);
    if (!before) return;
    const { id } = before.document;
    const answer = await world.gateway.delete(`/users/users/${id}`);
    if (!shown(before, programs.running.users, upcasts.users)) return expectNewer(answer);
    expect(answer, 204);
    users.delete(id);
    for (const { document } of [...tasks.values()]) if (document.userId === id) tasks.delete(document.id);
  },
  async 'create task'({ world, programs, model }, { which, title, status }) {
    const user = pick(model.users, which);
    if (!user) return;
    const userId = user.document.id;
    const answer = await world.gateway.post('/tasks/tasks', { userId, title, status });
    const { id, createdAt } = answer.json<Task>();
    const own = programs.running.tasks === 'newer' ? { mood: 'high' } : {};
    const times = { createdAt, updatedAt: createdAt };
    const document = { id, userId, title, description: null, status, ...own, ...times };
    expect(answer, 201, document);
    model.tasks.set(id, kept(document, programs.running.tasks, answer));
  },
  async 'change task'({ world, programs, model }, { which, title, status }) {
    const before = pick(model.tasks, which);
    if (!before) return;
    const task = shown(before, programs.running.tasks, upcasts.tasks);
    const answer = await world.gateway.put(`/tasks/tasks/${before.document.id}`, { title, status });
    if (!task) return expectNewer(answer);
    const changes = { title: title ?? task.title, status: status ?? task.status };
    model.tasks.set(task.id, changed(before, task, changes, programs.running.tasks, answer));
  },
  async 'delete task'({ world, programs, model }, { which }) {
    const before = pick(model.tasks, which);
    if (!before) return;
    const answer = await world.gateway.delete(`/tasks/tasks/${before.document.id}`);
    if (!shown(before, programs.running.tasks, upcasts.tasks)) return expectNewer(answer);
    expect(answer, 204);
    model.tasks.delete(before.document.id);
  },
  async crash({ world, programs }, { part: name }) {
    const part = name === 'redis' ? world.stack.redis : programs.part(name as Service);
    part.kill('SIGKILL');
    await part.ended();
    await part.start();
    await untilReady(world.gateway);
  },
  restart: ({ programs }, { service, as }) => programs.restart(service, as),
  replay: ({ world, partitions }, { as }) => replayAll(world, as, partitions),
  async compact({ world, partitions }) {
    const args = ['compact', '--older-than', '0s'];
    const { code, errors } = await startCommand('events', world.stack, args, partitions).result;
    if (code !== 0) throw new Error(errors);
  },
};

/** Does what a command says, to the system and to the model. Fails if the answer is not what the model expects. */
export async function carryOut(run: Run, step: Command): Promise<void> {
  try {
    await (acts[step.do] as Act<Command['do']>)(run, step as never);
  } catch (cause) {
    throw new Error(`${JSON.stringify(step)}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

const pick = <T>(map: Map<string, T>, n: number): T | undefined =>
  [...map.values()][n % Math.max(map.size, 1)];

const kept = <Document>(document: Document, writtenBy: Program, { headers }: Answer): Kept<Document> => ({
  document,
  writtenBy,
  etag: headers.get('etag') ?? 'none',
});

/** Returns what a change has made of a document; the very same, as it was written before, if it changes nothing. */
function changed<Document extends { updatedAt: string }>(
  before: Kept<Document>,
  document: Document,
  changes: Partial<Document>,
  writtenBy: Program,
  answer: Answer,
): Kept<Document> {
  const after = { ...document, ...changes };
  if (JSON.stringify(after) === JSON.stringify(document)) {
    expect(answer, 200, document, before.etag);
    return before;
  }
  after.updatedAt = answer.json<Document>().updatedAt;
  expect(answer, 200, after);
  return kept(after, writtenBy, answer);
}

/** Fails unless an answer has this status and, if they are named, this document to the byte and this version. */
export function expect(answer: Answer, status: number, document?: unknown, etag?: string): void {
  const isRight = document === undefined || answer.text === JSON.stringify(document);
  const isOfVersion = etag === undefined || answer.headers.get('etag') === etag;
  if (answer.status === status && isRight && isOfVersion) return;
  const found = `${answer.status} ${answer.headers.get('etag')} ${answer.text}`;
  throw new Error(`${found} in place of ${status} ${etag} ${JSON.stringify(document)}`);
}

/** Fails unless an answer says that only the newer program can read the document. */
export function expectNewer(answer: Answer): void {
  expect(answer, 503);
  if (answer.json<{ code: string }>().code !== 'newer_schema') throw new Error(answer.text);
}
