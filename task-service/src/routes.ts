import { Readable } from 'node:stream';
import { isId, newId, routingDigits } from 'shared-events';
import {
  type AppRouter,
  changeRequest,
  publicPath,
  readBody,
  readIdempotencyKey,
  readQuery,
  resource,
  sendDocument,
  sendIfChanged,
} from 'shared-events/http';
import { newTask, taskChanges, taskQuery } from './schemas.ts';
import type { ListQuery, Page, TaskStore } from './store.ts';
import { changeTask, createTask } from './task.ts';
import { createForKnownUser, type UserCheck } from './user-check.ts';
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
      const request = { task: created, origin: ctx.state.origin, idempotency };
      const stored = await createForKnownUser({ store, users, onCheck }, request);
      ctx.set('Location', publicPath(ctx, `/tasks/${JSON.parse(stored.text).id}`));
      ctx.status = 201;
      sendDocument(ctx, stored);
    });

    router.get('/tasks', async (ctx) => {
      const { userId, status, limit, cursor } = readQuery(ctx, taskQuery);
      const count = limit === undefined ? pageSize : Number(limit);
      const query: ListQuery = { userId, status, after: cursor, count };
      const page: Page = isId(userId) ? await store.list(query) : { texts: [] };
      ctx.type = 'application/json';
      if (limit === undefined && page.next !== undefined) {
        ctx.body = Readable.from(wholeList(store, query, page));
        return;
      }
      if (page.next !== undefined) {
        const next = new URLSearchParams({
          userId,
          ...(status && { status }),
          limit: String(count),
          cursor: page.next,
        });
        ctx.set('Link', `<${publicPath(ctx, '/tasks')}?${next}>; rel="next"`);
      }
      ctx.body = `[${page.texts.join(',')}]`;
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

/** The whole list as one JSON array, read page by page as the client takes it. */
async function* wholeList(store: TaskStore, query: ListQuery, first: Page): AsyncGenerator<string> {
  yield '[';
  let separator = '';
  for (let page: Page | undefined = first; page; page = await pageAfter(page)) {
    if (page.texts.length === 0) continue;
    yield separator + page.texts.join(',');
    separator = ',';
  }
  yield ']';

  async function pageAfter({ next }: Page): Promise<Page | undefined> {
    return next === undefined ? undefined : store.list({ ...query, after: next });
  }
}
