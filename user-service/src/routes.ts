import { newId, routingDigits } from 'shared-events';
import {
  type AppRouter,
  changeRequest,
  clientGone,
  gather,
  publicPath,
  readBody,
  readIdempotencyKey,
  resource,
  sendDocument,
  sendIfChanged,
} from 'shared-events/http';
import { userInput } from './schemas.ts';
import type { UserStore } from './store.ts';
import type { TaskClient } from './task-client.ts';
import { createUser, replaceUser } from './user.ts';

interface Collaborators {
  store: UserStore;
  tasks: TaskClient;
  now(): string;
}

const user = resource('user');

/** The routes of the user service. */
export const userRoutes = ({ store, tasks, now }: Collaborators) =>
  function routes(router: AppRouter): void {
    router.post('/users', async (ctx) => {
      const input = await readBody(ctx, userInput);
      const idempotency = readIdempotencyKey(ctx, 'create-user', [input.name, input.email]);
      const id = newId(idempotency && routingDigits(idempotency.keyHash));
      const stored = await store.create(createUser(id, input, now()), ctx.state.context, idempotency);
      ctx.set('Location', publicPath(ctx, `/users/${JSON.parse(stored.text).id}`));
      ctx.status = 201;
      sendDocument(ctx, stored);
    });

    router.get('/users/:id', async (ctx) => {
      sendIfChanged(ctx, user.found(await store.find(user.idIn(ctx))));
    });

    router.put('/users/:id', async (ctx) => {
      const id = user.idIn(ctx);
      const input = await readBody(ctx, userInput);
      const edited = await store.update(id, changeRequest(ctx), (present) =>
        replaceUser(present, input, now()),
      );
      sendDocument(ctx, user.found(edited));
    });

    router.delete('/users/:id', async (ctx) => {
      user.found(await store.remove(user.idIn(ctx), changeRequest(ctx)));
      ctx.status = 204;
    });

    router.get('/users/:id/tasks', async (ctx) => {
      const id = user.idIn(ctx);
      const { text } = user.found(await store.find(id));
      const array = tasks.tasksOf(id, ctx.state.context, clientGone(ctx));
      ctx.type = 'application/json';
      ctx.body = await gather(userWithTasks(text, array));
    });
  };

async function* userWithTasks(user: string, tasks: AsyncIterable<Buffer>) {
  yield `{"user":${user},"tasks":`;
  yield* tasks;
  yield '}';
}
