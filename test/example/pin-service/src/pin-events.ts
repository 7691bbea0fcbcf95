import { type EventOf, eventStream } from 'shared-events';
import { type InferType, object, string } from 'yup';

const pin = object({
  /** the user's */
  id: string().required().meta({ format: 'uuid' }),
  taskId: string().required().meta({ format: 'uuid' }),
  createdAt: string().required().meta({ format: 'date-time' }),
});

/** The task that a user has pinned; each has one at most. */
export type Pin = InferType<typeof pin>;

/** What happens to pins. Written by the pin service, in the same step as the record. */
export const pinEvents = eventStream({
  name: 'pin-events',
  types: ['pin.updated', 'pin.deleted'],
  document: pin,
  noun: 'Pin',
  example: {
    id: '01a20570-5a3c-7abc-9def-0123456789ab',
    taskId: '01a20570-5c77-7abc-9def-0123456789ab',
    createdAt: '2026-11-22T21:36:02.000Z',
  },
});

export type PinEvent = EventOf<typeof pinEvents>;
