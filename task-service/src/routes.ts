import { isId, newId, routingDigits, taskEvents } from 'shared-events';
import {
  type Api,
  answeredWith,
  changeRequest,
  gather,
  idempotencyProblems,
  parameters,
  publicPath,
  readBody,
  readIdempotencyKey,
  readQuery,
  resource,
  schemaRef,
  sendDocument,
  sendIfChanged,
  sendJson,
  storeProblems,
} from 'shared-events/http';
import { createForKnownUser, type UserCheck } from './create-task.ts';
import type { ListQuery, Page, TaskStore } from './store.ts';
import { changeTask, createTask, newTask, taskChanges, taskQuery } from './task.ts';
import type { UserClient } from './user-client.ts';

/** What the routes are answered with. */
export interface Collaborators {
  store: TaskStore;
  users: UserClient;
  onCheck: UserCheck['onCheck'];
  now(): string;
}

const task = resource('task');

/** How many tasks are read at once for a list without limit. */
const pageSize = 100;

const { example } = taskEvents;
const idInPath = parameters.id('taskId');
const ofOne = [...storeProblems, 'task_not_found'];
const ofChanges = [...ofOne, 'precondition_failed', 'record_busy'];

/** The API of the task service. */
export const taskApi: Api<Collaborators> = {
  name: 'taskService',
  title: 'Task service',
  description: 'Tasks of users: each change is also an event in the stream `task-events`.',
  servers: [
    { url: '/tasks', description: 'Behind the gateway' },
    { url: '/', description: 'At its own port' },
  ],
  tag: { name: 'tasks', description: 'Tasks, and what the task service tells of itself.' },
  schemas: { Task: taskEvents.document, NewTask: newTask, TaskChanges: taskChanges },
  problems: {
    unknown_user: [400, 'Unknown user'],
    user_unverifiable: [400, 'The user could not be verified', 'ours'],
    task_not_found: [404, 'Task not found'],
  },
  routes: [
    {
      method: 'post',
      path: '/tasks',
      id: 'createTask',
      summary: 'Create a task',
      description: 'Refused with 400 where its user does not exist at that moment, or cannot be verified.',
      parameters: [parameters.idempotencyKey],
      body: {
        schema: newTask,
        examples: {
          least: { userId: example.userId, title: example.title },
          all: {
            userId: example.userId,
            title: example.title,
            description: '2% organic',
            status: 'in-progress',
          },
        },
      },
      answers: { 201: answeredWith.created(taskEvents, '/tasks/tasks') },
      problems: [...storeProblems, 'unknown_user', 'user_unverifiable', ...idempotencyProblems],
      async handle(ctx, { store, users, onCheck, now }) {
        const input = await readBody(ctx, newTask);
        const created = createTask(newId(routingDigits(input.userId)), input, now());
        const idempotency = readIdempotencyKey(ctx, `create-task ${input.userId}`, newTask, input);
        const request = { task: created, context: ctx.state.context, idempotency };
        const stored = await createForKnownUser({ store, users, onCheck }, request);
        // What was created before with the same key has another id.
        const { id } = idempotency ? JSON.parse(stored.text) : created;
        ctx.set('Location', publicPath(ctx, `/tasks/${id}`));
        ctx.status = 201;
        sendDocument(ctx, stored);
      },
    },
    {
      method: 'get',
      path: '/tasks',
      id: 'listTasks',
      summary: 'List the tasks of a user',
      query: {
        schema: taskQuery,
        about: {
          userId: { description: 'Whose tasks; a user nobody knows has none.', example: example.userId },
          status: { description: 'Only tasks of this status.', example: 'pending' },
          limit: { description: 'The most tasks of a page; the whole list when left out.', example: 10 },
          cursor: { description: 'Where the page begins, as a next link has it.', example: example.id },
        },
      },
      answers: {
        200: {
          description: 'The tasks, oldest first.',
          headers: {
            Link: `</tasks/tasks?userId=${example.userId}&limit=10&cursor=${example.id}>; rel="next"`,
          },
          schema: { type: 'array', items: schemaRef('Task') },
          example: [example],
        },
      },
      problems: [...storeProblems, 'validation_failed'],
      async handle(ctx, { store }) {
        const { userId, status, limit, cursor } = readQuery(ctx, taskQuery);
        const query = { userId, status, after: cursor, count: Number(limit ?? pageSize) };
        if (limit === undefined) {
          sendJson(ctx, await gather(wholeList(store, query)));
          return;
        }
        const { texts, next } = await listPage(store, query);
        if (next !== undefined) {
          const rest = new URLSearchParams({ userId, ...(status && { status }), limit, cursor: next });
          ctx.set('Link', `<${publicPath(ctx, '/tasks')}?${rest}>; rel="next"`);
        }
        sendJson(ctx, `[${texts.join(',')}]`);
      },
    },
    {
      method: 'get',
      path: '/tasks/:id',
      id: 'readTask',
      summary: 'Read a task',
      parameters: [idInPath, parameters.ifNoneMatch],
      answers: { 200: answeredWith.document(taskEvents), 304: answeredWith.unchanged },
      problems: ofOne,
      async handle(ctx, { store }) {
        sendIfChanged(ctx, task.found(await store.find(task.idIn(ctx))));
      },
    },
    {
      method: 'put',
      path: '/tasks/:id',
      id: 'changeTask',
      summary: 'Change title, description or status of a task',
      description: 'What the body does not name stays. A body that changes nothing makes no event.',
      parameters: [idInPath, parameters.ifMatch],
      body: { schema: taskChanges, examples: { completed: { status: 'completed' } } },
      answers: { 200: answeredWith.document(taskEvents, 'The task as it is now.') },
      problems: ofChanges,
      async handle(ctx, { store, now }) {
        const id = task.idIn(ctx);
        const changes = await readBody(ctx, taskChanges);
        const edited = await store.update(id, changeRequest(ctx), (present) =>
          changeTask(present, changes, now()),
        );
        sendDocument(ctx, task.found(edited));
      },
    },
    {
      method: 'delete',
      path: '/tasks/:id',
      id: 'deleteTask',
      summary: 'Delete a task',
      parameters: [idInPath, parameters.ifMatch],
      answers: { 204: answeredWith.gone },
      problems: ofChanges,
      async handle(ctx, { store }) {
        task.found(await store.remove(task.idIn(ctx), changeRequest(ctx)));
        ctx.status = 204;
      },
    },
  ],
};

/** A page of the list; what is no id names no user, and so no tasks. */
const listPage = async (store: TaskStore, query: ListQuery): Promise<Page> =>
  isId(query.userId) ? store.list(query) : { texts: [] };

/** The whole list as one JSON array, read page by page as the client takes it. */
async function* wholeList(store: TaskStore, query: ListQuery): AsyncGenerator<string> {
  let separator = '';
  let after = query.after;
  yield '[';
  do {
    const { texts, next }: Page = await listPage(store, { ...query, after });
    if (texts.length > 0) {
      yield separator + texts.join(',');
      separator = ',';
    }
    after = next;
  } while (after !== undefined);
  yield ']';
}
