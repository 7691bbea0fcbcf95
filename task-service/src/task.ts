import type { Task, TaskStatus } from 'shared-events';

/** What a client says of a new task. */
export interface NewTask {
  userId: string;
  title: string;
  description?: string | null | undefined;
  status?: TaskStatus | undefined;
}

/** What a client wants changed of a task; what it does not name stays. */
export type TaskChanges = Pick<NewTask, 'description' | 'status'> & { title?: string | undefined };

export const createTask = (id: string, input: NewTask, now: string): Task => ({
  id,
  userId: input.userId,
  title: input.title,
  description: input.description ?? null,
  status: input.status ?? 'pending',
  createdAt: now,
  updatedAt: now,
});

/** The task with the changes made; the very same task where they change nothing. Its times never go back. */
export function changeTask(task: Task, changes: TaskChanges, now: string): Task {
  const { title = task.title, description = task.description, status = task.status } = changes;
  if (title === task.title && description === task.description && status === task.status) return task;
  return { ...task, title, description, status, updatedAt: now > task.updatedAt ? now : task.updatedAt };
}
