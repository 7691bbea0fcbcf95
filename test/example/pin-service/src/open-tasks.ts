import { type TaskEvent, taskEvents } from 'shared-events';
import type { Projection } from 'shared-events/streams';

/** The pin service's projection of the tasks that are not completed: each with the user it belongs to. */
export const openTasks: Projection<TaskEvent['type']> = {
  name: 'open-tasks',
  stream: taskEvents,
  fold(entry) {
    const { userId, status } = taskEvents.dataOf(entry);
    const isOpen = entry.type !== 'task.deleted' && status !== 'completed';
    return [[entry.subject, isOpen ? userId : undefined]];
  },
};
