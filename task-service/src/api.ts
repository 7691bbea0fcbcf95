import { examples, taskEvents } from 'shared-events';
import {
  type ApiDescription,
  answeredWith,
  commonOperations,
  parameters,
  schemaRef,
  schemasOf,
  storeProblems,
} from 'shared-events/openapi';
import { newTask, taskChanges, taskQuery } from './schemas.ts';

const { task } = examples;
const one = { path: '/tasks/{taskId}', tag: 'tasks' };
const id = parameters.id('taskId');
const ofOne = [...storeProblems, 'task_not_found'];

/** The API of the task service. */
export const taskApi: ApiDescription = {
  title: 'Task service',
  description: 'Tasks of users: each change is also an event in the stream `task-events`.',
  servers: [
    { url: '/tasks', description: 'Behind the gateway' },
    { url: '/', description: 'At its own port' },
  ],
  tags: [{ name: 'tasks', description: 'Tasks, and what the task service tells of itself.' }],
  schemas: schemasOf({ Task: taskEvents.document, NewTask: newTask, TaskChanges: taskChanges }),
  operations: [
    {
      ...{ method: 'post', path: '/tasks', tag: 'tasks', id: 'createTask' },
      summary: 'Create a task',
      description: 'Refused with 400 where its user does not exist at that moment, or cannot be verified.',
      parameters: [parameters.idempotencyKey],
      body: {
        schema: schemaRef('NewTask'),
        examples: {
          least: { userId: task.userId, title: task.title },
          all: { userId: task.userId, title: task.title, description: '2% organic', status: 'in-progress' },
        },
      },
      answers: { 201: answeredWith.created('Task', task) },
      problems: [
        ...storeProblems,
        ...['unknown_user', 'user_unverifiable', 'invalid_idempotency_key', 'idempotency_key_reused'],
      ],
    },
    {
      ...{ method: 'get', path: '/tasks', tag: 'tasks', id: 'listTasks' },
      summary: 'List the tasks of a user',
      parameters: parameters.query(taskQuery, {
        userId: { description: 'Whose tasks; a user nobody knows has none.', example: task.userId },
        status: { description: 'Only tasks of this status.', example: 'pending' },
        limit: { description: 'The most tasks of a page; the whole list when left out.', example: 10 },
        cursor: { description: 'Where the page begins, as a next link has it.', example: task.id },
      }),
      answers: {
        200: {
          description: 'The tasks, oldest first.',
          headers: ['Link'],
          schema: { type: 'array', items: schemaRef('Task') },
          example: [task],
        },
      },
      problems: [...storeProblems, 'validation_failed'],
    },
    {
      ...{ ...one, method: 'get', id: 'readTask' },
      summary: 'Read a task',
      parameters: [id, parameters.ifNoneMatch],
      answers: { 200: answeredWith.document('Task', task), 304: answeredWith.unchanged },
      problems: ofOne,
    },
    {
      ...{ ...one, method: 'put', id: 'changeTask' },
      summary: 'Change title, description or status of a task',
      description: 'What the body does not name stays. A body that changes nothing makes no event.',
      parameters: [id, parameters.ifMatch],
      body: { schema: schemaRef('TaskChanges'), examples: { completed: { status: 'completed' } } },
      answers: { 200: answeredWith.document('Task', task, 'The task as it is now.') },
      problems: [...ofOne, 'precondition_failed', 'record_busy'],
    },
    {
      ...{ ...one, method: 'delete', id: 'deleteTask' },
      summary: 'Delete a task',
      parameters: [id, parameters.ifMatch],
      answers: { 204: answeredWith.gone },
      problems: [...ofOne, 'precondition_failed', 'record_busy'],
    },
    ...commonOperations('task'),
  ],
};
