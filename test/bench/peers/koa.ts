import Router from '@koa/router';
import Koa, { type Context } from 'koa';
import bodyParser from 'koa-bodyparser';
import { pinoHttp } from 'pino-http';
import { Pool } from 'undici';
import { object, type Schema, string, ValidationError } from 'yup';
import * as store from './store.ts';

// The two services on the libraries of this system, and on no code of it. Koa has no log of requests; pino-http is the
// usual one.
// node koa.js users|tasks

const [, , role] = process.argv;
const statuses = ['pending', 'in-progress', 'completed'] as const;
const title = string().min(1).max(200);
const description = string().nullable().max(10_000);
const status = string().oneOf(statuses);

const newUser = object({ name: title.required(), email: string().email().max(320).required() });
const taskChanges = object({ title, description, status });
const newTask = taskChanges.shape({ userId: string().required(), title: title.required() });

async function input<T>({ request }: Context, schema: Schema<T>): Promise<T> {
  return schema.validate(request.body, { strict: true, stripUnknown: true });
}

function found<T>(ctx: Context, document: T | undefined): T {
  if (document === undefined) ctx.throw(404, 'not found');
  return document;
}

function serveUsers(router: Router): void {
  const taskService = new Pool(String(process.env.TASK_BASE));
  router.post('/users', async (ctx) => {
    ctx.body = await store.createUser(await input(ctx, newUser));
    ctx.status = 201;
  });
  router.get('/users/:id', async (ctx) => {
    ctx.body = found(ctx, await store.findUser(String(ctx.params.id)));
  });
  router.get('/users/:id/tasks', async (ctx) => {
    const user = found(ctx, await store.findUser(String(ctx.params.id)));
    const path = `/tasks?userId=${user.id}`;
    const { statusCode, body } = await taskService.request({ method: 'GET', path });
    const tasks = await body.json();
    if (statusCode !== 200) ctx.throw(502, 'no tasks');
    ctx.body = { user, tasks };
  });
}

function serveTasks(router: Router): void {
  router.post('/tasks', async (ctx) => {
    const created = await store.createTask(await input(ctx, newTask));
    if (created === undefined) ctx.throw(400, 'unknown user');
    ctx.body = created;
    ctx.status = 201;
  });
  router.get('/tasks', async (ctx) => {
    ctx.body = await store.tasksOf(String(ctx.query.userId));
  });
  router.get('/tasks/:id', async (ctx) => {
    ctx.body = found(ctx, await store.findTask(String(ctx.params.id)));
  });
  router.put('/tasks/:id', async (ctx) => {
    const changes = await input(ctx, taskChanges);
    ctx.body = found(ctx, await store.updateTask(String(ctx.params.id), changes));
  });
}

const router = new Router();
router.get('/health', (ctx) => {
  ctx.body = { status: 'healthy' };
});
if (role === 'users') serveUsers(router);
else serveTasks(router);

const log = pinoHttp();
new Koa()
  .use((ctx, next) => {
    log(ctx.req, ctx.res);
    return next();
  })
  .use(async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      if (!(error instanceof ValidationError)) throw error;
      ctx.status = 400;
      ctx.body = { message: error.message };
    }
  })
  .use(bodyParser())
  .use(router.routes())
  .listen(Number(process.env.PORT), '127.0.0.1');
