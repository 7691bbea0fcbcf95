import { isId, newId, routingDigits } from 'shared-events';
import {
  type AppRouter,
  changeRequest,
  gather,
  publicPath,
  readBody,
  readIdempotencyKey,
  readQuery,
  resource,
  sendDocument,
  sendIfChanged,
} from 'shared-events/http';
import { createForKnownUser, type UserCheck } from './create-task.ts';
import { newTask, taskChanges, taskQuery } from './schemas.ts';
import type { ListQuery, Page, TaskStore } from './store.ts';
import { changeTask, createTask } from './task.ts';
import type { UserClient } from './user-client.ts';

interface Collaborators {
  store: TaskStore;
  users: UserClient;
  onCheck: UserCheck['onCheck'];
  now(): string;
}

const task = resource('task');

/** How many tasks are read at once for a list without limit. */
const pageSize = 100;

/** The routes of the task service. */
export const taskRoutes = ({ store, users, onCheck, now }: Collaborators) =>
  function routes(router: AppRouter): void {
    router.post('/tasks', async (ctx) => {
      const input = await readBody(ctx, newTask);
      const created = createTask(newId(routingDigits(input.userId)), input, now());
      const { userId, title, description, status } = created;
      const idempotency = readIdempotencyKey(ctx, 'create-task', [userId, title, description, status]);
      const request = { task: created, context: ctx.state.context, idempotency };
      const stored = await createForKnownUser({ store, users, onCheck }, request);
      ctx.set('Location', publicPath(ctx, `/tasks/${JSON.parse(stored.text).id}`));
      ctx.status = 201;
      sendDocument(ctx, stored);
    });

    router.get('/tasks', async (ctx) => {
      const { userId, status, limit, cursor } = readQuery(ctx, taskQuery);
      const query = { userId, status, after: cursor, count: Number(limit ?? pageSize) };
      ctx.type = 'application/json';
      if (limit === undefined) {
        ctx.body = await gather(wholeList(store, query));
        return;
      }
      const { texts, next } = await listPage(store, query);
      if (next !== undefined) {
        const rest = new URLSearchParams({ userId, ...(status && { status }), limit, cursor: next });
        ctx.set('Link', `<${publicPath(ctx, '/tasks')}?${rest}>; rel="next"`);
      }
      ctx.body = `[${texts.join(',')}]`;
    });

    router.get('/tasks/:id', async (ctx) => {
      sendIfChanged(ctx, task.found(await store.find(task.idIn(ctx))));
    });

    router.put('/tasks/:id', async (ctx) => {
      const id = task.idIn(ctx);
      const changes = await readBody(ctx, taskChanges);
      const edited = await store.update(id, changeRequest(ctx), (present) =>
        changeTask(present, changes, now()),
      );
      sendDocument(ctx, task.found(edited));
    });

    router.delete('/tasks/:id', async (ctx) => {
      task.found(await store.remove(task.idIn(ctx), changeRequest(ctx)));
      ctx.status = 204;
    });
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
