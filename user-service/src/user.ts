import type { User } from 'shared-events';

/** What a client says of a user. */
export interface UserInput {
  name: string;
  email: string;
}

export const createUser = (id: string, { name, email }: UserInput, now: string): User => ({
  id,
  name,
  email,
  createdAt: now,
  updatedAt: now,
});

/** The user with a new name and address; the very same user where neither is new. Its times never go back. */
export function replaceUser(user: User, { name, email }: UserInput, now: string): User {
  if (user.name === name && user.email === email) return user;
  return { ...user, name, email, updatedAt: now > user.updatedAt ? now : user.updatedAt };
}
