import { examples, taskEvents, userEvents } from 'shared-events';
import {
  type ApiDescription,
  answeredWith,
  commonOperations,
  parameters,
  schemaRef,
  schemasOf,
  storeProblems,
} from 'shared-events/openapi';
import { userInput } from './schemas.ts';

const { user, task } = examples;
const body = {
  schema: schemaRef('UserInput'),
  examples: { ada: { name: user.name, email: user.email } },
};
const one = { path: '/users/{userId}', tag: 'users' };
const id = parameters.id('userId');
const ofOne = [...storeProblems, 'user_not_found'];

/** The API of the user service. */
export const userApi: ApiDescription = {
  title: 'User service',
  description: 'Users: each change is also an event in the stream `user-events`.',
  servers: [
    { url: '/users', description: 'Behind the gateway' },
    { url: '/', description: 'At its own port' },
  ],
  tags: [{ name: 'users', description: 'Users, and what the user service tells of itself.' }],
  schemas: {
    ...schemasOf({ User: userEvents.document, Task: taskEvents.document, UserInput: userInput }),
    UserWithTasks: {
      type: 'object',
      properties: { user: schemaRef('User'), tasks: { type: 'array', items: schemaRef('Task') } },
      required: ['user', 'tasks'],
    },
  },
  operations: [
    {
      ...{ method: 'post', path: '/users', tag: 'users', id: 'createUser' },
      summary: 'Create a user',
      parameters: [parameters.idempotencyKey],
      body,
      answers: { 201: answeredWith.created('User', user) },
      problems: [...storeProblems, 'invalid_idempotency_key', 'idempotency_key_reused'],
    },
    {
      ...{ ...one, method: 'get', id: 'readUser' },
      summary: 'Read a user',
      parameters: [id, parameters.ifNoneMatch],
      answers: { 200: answeredWith.document('User', user), 304: answeredWith.unchanged },
      problems: ofOne,
    },
    {
      ...{ ...one, method: 'put', id: 'replaceUser' },
      summary: 'Replace name and email of a user',
      parameters: [id, parameters.ifMatch],
      body,
      answers: { 200: answeredWith.document('User', user, 'The user as it is now.') },
      problems: [...ofOne, 'precondition_failed', 'record_busy'],
    },
    {
      ...{ ...one, method: 'delete', id: 'deleteUser' },
      summary: 'Delete a user',
      description: "The user's tasks go too, soon after the answer.",
      parameters: [id, parameters.ifMatch],
      answers: { 204: answeredWith.gone },
      problems: [...ofOne, 'precondition_failed', 'record_busy'],
    },
    {
      ...{ method: 'get', path: '/users/{userId}/tasks', tag: 'users', id: 'readUserWithTasks' },
      summary: 'Read a user with all their tasks',
      parameters: [id],
      answers: {
        200: {
          description: 'The user and their tasks, oldest first.',
          schema: schemaRef('UserWithTasks'),
          example: { user, tasks: [task] },
        },
      },
      problems: [...ofOne, 'upstream_failed', 'upstream_timeout'],
    },
    ...commonOperations('user'),
  ],
};
