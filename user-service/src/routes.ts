import { newId, routingDigits, taskEvents, userEvents } from 'shared-events';
import {
  type Api,
  answeredWith,
  changeRequest,
  clientGone,
  gather,
  idempotencyProblems,
  parameters,
  publicPath,
  readBody,
  readIdempotencyKey,
  resource,
  schemaRef,
  sendDocument,
  sendIfChanged,
  sendJson,
  storeProblems,
} from 'shared-events/http';
import type { UserStore } from './store.ts';
import type { TaskClient } from './task-client.ts';
import { createUser, replaceUser, userInput } from './user.ts';

/** What the routes are answered with. */
export interface Collaborators {
  store: UserStore;
  tasks: TaskClient;
  now(): string;
}

const user = resource('user');

const idInPath = parameters.id('userId');
const body = {
  schema: userInput,
  examples: { ada: { name: userEvents.example.name, email: userEvents.example.email } },
};
const ofOne = [...storeProblems, 'user_not_found'];
const ofChanges = [...ofOne, 'precondition_failed', 'record_busy'];

/** The API of the user service. */
export const userApi: Api<Collaborators> = {
  name: 'userService',
  title: 'User service',
  description: 'Users: each change is also an event in the stream `user-events`.',
  servers: [
    { url: '/users', description: 'Behind the gateway' },
    { url: '/', description: 'At its own port' },
  ],
  tag: { name: 'users', description: 'Users, and what the user service tells of itself.' },
  schemas: {
    User: userEvents.document,
    Task: taskEvents.document,
    UserInput: userInput,
    UserWithTasks: {
      type: 'object',
      properties: { user: schemaRef('User'), tasks: { type: 'array', items: schemaRef('Task') } },
      required: ['user', 'tasks'],
    },
  },
  problems: { user_not_found: [404, 'User not found'] },
  routes: [
    {
      method: 'post',
      path: '/users',
      id: 'createUser',
      summary: 'Create a user',
      parameters: [parameters.idempotencyKey],
      body,
      answers: { 201: answeredWith.created(userEvents, '/users/users') },
      problems: [...storeProblems, ...idempotencyProblems],
      async handle(ctx, { store, now }) {
        const input = await readBody(ctx, userInput);
        const idempotency = readIdempotencyKey(ctx, 'create-user', userInput, input);
        const created = createUser(newId(idempotency && routingDigits(idempotency.keyHash)), input, now());
        const stored = await store.create(created, ctx.state.context, idempotency);
        // What was created before with the same key has another id.
        const { id } = idempotency ? JSON.parse(stored.text) : created;
        ctx.set('Location', publicPath(ctx, `/users/${id}`));
        ctx.status = 201;
        sendDocument(ctx, stored);
      },
    },
    {
      method: 'get',
      path: '/users/:id',
      id: 'readUser',
      summary: 'Read a user',
      parameters: [idInPath, parameters.ifNoneMatch],
      answers: { 200: answeredWith.document(userEvents), 304: answeredWith.unchanged },
      problems: ofOne,
      async handle(ctx, { store }) {
        sendIfChanged(ctx, user.found(await store.find(user.idIn(ctx))));
      },
    },
    {
      method: 'put',
      path: '/users/:id',
      id: 'replaceUser',
      summary: 'Replace name and email of a user',
      parameters: [idInPath, parameters.ifMatch],
      body,
      answers: { 200: answeredWith.document(userEvents, 'The user as it is now.') },
      problems: ofChanges,
      async handle(ctx, { store, now }) {
        const id = user.idIn(ctx);
        const input = await readBody(ctx, userInput);
        const edited = await store.update(id, changeRequest(ctx), (present) =>
          replaceUser(present, input, now()),
        );
        sendDocument(ctx, user.found(edited));
      },
    },
    {
      method: 'delete',
      path: '/users/:id',
      id: 'deleteUser',
      summary: 'Delete a user',
      description: "The user's tasks go too, soon after the answer.",
      parameters: [idInPath, parameters.ifMatch],
      answers: { 204: answeredWith.gone },
      problems: ofChanges,
      async handle(ctx, { store }) {
        user.found(await store.remove(user.idIn(ctx), changeRequest(ctx)));
        ctx.status = 204;
      },
    },
    {
      method: 'get',
      path: '/users/:id/tasks',
      id: 'readUserWithTasks',
      summary: 'Read a user with all their tasks',
      parameters: [idInPath],
      answers: {
        200: {
          description: 'The user and their tasks, oldest first.',
          schema: schemaRef('UserWithTasks'),
          example: { user: userEvents.example, tasks: [taskEvents.example] },
        },
      },
      problems: [...ofOne, 'upstream_failed', 'upstream_timeout'],
      async handle(ctx, { store, tasks }) {
        const id = user.idIn(ctx);
        const { text } = user.found(await store.find(id));
        const array = tasks.tasksOf(id, ctx.state.context, clientGone(ctx));
        sendJson(ctx, await gather(userWithTasks(text, array)));
      },
    },
  ],
};

async function* userWithTasks(user: string, tasks: AsyncIterable<Buffer>) {
  yield `{"user":${user},"tasks":`;
  yield* tasks;
  yield '}';
}
