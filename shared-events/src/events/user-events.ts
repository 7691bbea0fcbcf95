import { type InferType, object, string } from 'yup';
import { type EventOf, eventStream } from './event-stream.ts';

const user = object({
  id: string().required().meta({ format: 'uuid' }),
  name: string().required(),
  email: string().required(),
  createdAt: string().required().meta({ format: 'date-time' }),
  updatedAt: string().required().meta({ format: 'date-time' }),
});

export type User = InferType<typeof user>;

/** What happens to users. Written by the user service, in the same step as the record. */
export const userEvents = eventStream({
  name: 'user-events',
  types: ['user.created', 'user.updated', 'user.deleted'],
  document: user,
  noun: 'User',
  example: {
    id: '01a20570-5a3c-7abc-9def-0123456789ab',
    name: 'Ada',
    email: 'ada@example.com',
    createdAt: '2026-11-22T21:36:00.000Z',
    updatedAt: '2026-11-22T21:36:00.000Z',
  },
});

export type UserEvent = EventOf<typeof userEvents>;
