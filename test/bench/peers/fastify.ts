import Fastify from 'fastify';
import { Pool } from 'undici';
import * as store from './store.ts';

// The two services on Fastify, as its guide has it: schemas of what comes and goes, and its own log of requests.
// node fastify.js users|tasks

const [, , role] = process.argv;
const app = Fastify({ logger: true });

const text = { type: 'string' };
const title = { type: 'string', minLength: 1, maxLength: 200 };
const description = { type: ['string', 'null'], maxLength: 10_000 };
const status = { type: 'string', enum: ['pending', 'in-progress', 'completed'] };
const object = (properties: object, required: string[] = []) => ({ type: 'object', properties, required });

const stored = { id: text, createdAt: text, updatedAt: text };
const user = object({ ...stored, name: text, email: text });
const task = object({
  ...{ ...stored, userId: text, title: text },
  ...{ description: { type: ['string', 'null'] }, status: text },
});
const tasks = { type: 'array', items: task };
const newUser = object({ name: title, email: { type: 'string', format: 'email', maxLength: 320 } }, [
  ...['name', 'email'],
]);
const newTask = object({ userId: text, title, description, status }, ['userId', 'title']);
const taskChanges = object({ title, description, status });

interface ById {
  Params: { id: string };
}
const missing = { message: 'not found' };

app.get('/health', async () => ({ status: 'healthy' }));

function serveUsers(): void {
  const taskService = new Pool(String(process.env.TASK_BASE));
  app.post<{ Body: store.NewUser }>(
    '/users',
    { schema: { body: newUser, response: { 201: user } } },
    async ({ body }, reply) => reply.code(201).send(await store.createUser(body)),
  );
  app.get<ById>(
    '/users/:id',
    { schema: { response: { 200: user } } },
    async ({ params }, reply) => (await store.findUser(params.id)) ?? reply.code(404).send(missing),
  );
  app.get<ById>(
    '/users/:id/tasks',
    { schema: { response: { 200: object({ user, tasks }) } } },
    async ({ params }, reply) => {
      const found = await store.findUser(params.id);
      if (!found) return reply.code(404).send(missing);
      const path = `/tasks?userId=${found.id}`;
      const { statusCode, body } = await taskService.request({ method: 'GET', path });
      const list = await body.json();
      return statusCode === 200
        ? { user: found, tasks: list }
        : reply.code(502).send({ message: 'no tasks' });
    },
  );
}

function serveTasks(): void {
  app.post<{ Body: store.NewTask }>(
    '/tasks',
    { schema: { body: newTask, response: { 201: task } } },
    async ({ body }, reply) => {
      const created = await store.createTask(body);
      return created ? reply.code(201).send(created) : reply.code(400).send({ message: 'unknown user' });
    },
  );
  app.get<ById>(
    '/tasks/:id',
    { schema: { response: { 200: task } } },
    async ({ params }, reply) => (await store.findTask(params.id)) ?? reply.code(404).send(missing),
  );
  app.put<ById & { Body: store.TaskChanges }>(
    '/tasks/:id',
    { schema: { body: taskChanges, response: { 200: task } } },
    async ({ params, body }, reply) =>
      (await store.updateTask(params.id, body)) ?? reply.code(404).send(missing),
  );
  app.get<{ Querystring: { userId: string } }>(
    '/tasks',
    { schema: { querystring: object({ userId: text }, ['userId']), response: { 200: tasks } } },
    ({ query }) => store.tasksOf(query.userId),
  );
}

if (role === 'users') serveUsers();
else serveTasks();
await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) });
