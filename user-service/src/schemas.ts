import { text } from 'shared-events/http';
import { object, string } from 'yup';

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
