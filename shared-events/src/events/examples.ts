import type { RequestContext } from './entry.ts';
import type { Task } from './task-events.ts';
import type { User } from './user-events.ts';

const userId = '01a20570-5a3c-7abc-9def-0123456789ab';

/** The documents that descriptions show, and the context of their events. */
export const examples: { user: User; task: Task; context: RequestContext } = {
  user: {
    id: userId,
    name: 'Ada',
    email: 'ada@example.com',
    createdAt: '2026-11-22T21:36:00.000Z',
    updatedAt: '2026-11-22T21:36:00.000Z',
  },
  task: {
    id: '01a20570-5c77-7abc-9def-0123456789ab',
    userId,
    title: 'Buy milk',
    description: null,
    status: 'pending',
    createdAt: '2026-11-22T21:36:01.000Z',
    updatedAt: '2026-11-22T21:36:01.000Z',
  },
  context: {
    trace: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    request: '5d6c0f0b8a0e4f6f9b1d2c3e4f5a6b7c',
  },
};
