import type { Task, User } from 'shared-events';
import type { Program } from './programs.ts';

/** A document as it is to be kept: in the shape of the program that wrote it, at the version that this answered. */
export interface Kept<Document> {
  document: Document;
  writtenBy: Program;
  etag: string;
}

/** What there is to be, by id. */
export interface Model {
  users: Map<string, Kept<User>>;
  tasks: Map<string, Kept<Task>>;
}

/** What the newer program makes of a document of the older one: see next-contract.ts. */
export const upcasts = {
  users: (user: User): User & { nickname: string } => ({ ...user, nickname: user.name }),
  tasks: (task: Task): Task & { mood: string } => ({ ...task, mood: 'normal' }),
};

/** Returns a document as a program shows it; nothing if it cannot read it. */
export function shown<Document>(
  { document, writtenBy }: Kept<Document>,
  as: Program,
  upcast: (document: Document) => Document,
): Document | undefined {
  if (writtenBy === as) return document;
  return as === 'newer' ? upcast(document) : undefined;
}
