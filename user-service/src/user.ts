import type { User } from 'shared-events';
import { text } from 'shared-events/http';
import { changed } from 'shared-events/records';
import { type InferType, object, string } from 'yup';

/** The body that creates or replaces a user. */
export const userInput = object({
  name: text({ min: 1, max: 200 }).defined('is required').nonNullable('must be a string'),
  email: string()
    .typeError('must be a string')
    .defined('is required')
    .nonNullable('must be a string')
    .min(1, 'must be an e-mail address')
    .max(320, 'must have at most 320 characters')
    .email('must be an e-mail address'),
});

/** What a client says of a user. */
export type UserInput = InferType<typeof userInput>;

export const createUser = (id: string, input: UserInput, now: string): User => ({
  id,
  ...input,
  createdAt: now,
  updatedAt: now,
});

/** The user as the input has it; the very same user if nothing of it is new. Its times never go back. */
export const replaceUser = (user: User, input: UserInput, now: string): User => changed(user, input, now);
