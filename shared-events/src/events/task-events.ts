import { type InferType, object, string } from 'yup';
import { type EventOf, eventStream } from './event-stream.ts';

export const taskStatuses = ['pending', 'in-progress', 'completed'] as const;
export type TaskStatus = (typeof taskStatuses)[number];

const task = object({
  id: string().required().meta({ format: 'uuid' }),
  userId: string().required().meta({ format: 'uuid' }),
  title: string().required(),
  description: string().defined().nullable(),
  status: string().oneOf(taskStatuses).required(),
  createdAt: string().required().meta({ format: 'date-time' }),
  updatedAt: string().required().meta({ format: 'date-time' }),
});

export type Task = InferType<typeof task>;

/** What happens to tasks. Written by the task service, in the same step as record and index. */
export const taskEvents = eventStream({
  name: 'task-events',
  types: ['task.created', 'task.updated', 'task.deleted'],
  document: task,
  noun: 'Task',
  example: {
    id: '01a20570-5c77-7abc-9def-0123456789ab',
    userId: '01a20570-5a3c-7abc-9def-0123456789ab',
    title: 'Buy milk',
    description: null,
    status: 'pending',
    createdAt: '2026-11-22T21:36:01.000Z',
    updatedAt: '2026-11-22T21:36:01.000Z',
  },
});

export type TaskEvent = EventOf<typeof taskEvents>;
