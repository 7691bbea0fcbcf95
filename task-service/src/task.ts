import { isId, routingDigits, type Task, taskStatuses } from 'shared-events';
import { text } from 'shared-events/http';
import { changed } from 'shared-events/records';
import { type InferType, object, string } from 'yup';

const title = text({ min: 1, max: 200 }).nonNullable('must be a string');
const description = text({ min: 0, max: 10_000, multiline: true }).nullable();
const status = string()
  .typeError('must be a string')
  .nonNullable('must be a string')
  .oneOf(taskStatuses, `must be one of ${taskStatuses.join(', ')}`);
const userId = string().typeError('must be a string').nonNullable('must be a string').required('is required');

/** The body that creates a task. A userId that is no id is well-formed all the same: it names a user nobody knows. */
export const newTask = object({
  userId,
  title: title.defined('is required'),
  description: description.default(null),
  status: status.default('pending'),
});

/** What a client says of a new task; what it leaves out is as the schema has it. */
export type NewTask = InferType<typeof newTask>;

/** The body that changes a task. */
export const taskChanges = object({ title, description, status });

/** What a client wants changed of a task; what it does not name stays. */
export type TaskChanges = InferType<typeof taskChanges>;

/** A whole number, as a query has it. */
function wholeNumber(minimum: number, maximum: number) {
  const digits = new RegExp(`^\\d{1,${String(maximum).length}}$`);
  return string()
    .meta({ type: 'integer', minimum, maximum })
    .test('whole-number', `must be a whole number from ${minimum} to ${maximum}`, (value) => {
      if (value === undefined) return true;
      return digits.test(value) && Number(value) >= minimum && Number(value) <= maximum;
    });
}

/** The query of the list. */
export const taskQuery = object({
  userId: userId.typeError('must be given once'),
  status: status.typeError('must be given once'),
  limit: wholeNumber(1, 1000).typeError('must be given once'),
  cursor: string()
    .meta({ format: 'uuid' })
    .typeError('must be given once')
    .test('cursor', "must be the cursor of this list's next link", (value, { parent }) => {
      if (value === undefined) return true;
      return isId(value) && routingDigits(value) === routingDigits(String(parent.userId));
    }),
});

export const createTask = (id: string, input: NewTask, now: string): Task => ({
  id,
  ...input,
  createdAt: now,
  updatedAt: now,
});

/** The task with the changes made; the very same task if they change nothing. Its times never go back. */
export const changeTask = (task: Task, changes: TaskChanges, now: string): Task =>
  changed(task, changes, now);
