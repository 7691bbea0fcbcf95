import { registerHooks } from 'node:module';

// Loaded before a program (`node --import`), this makes its contract of events one version further: users have got a
// nickname and tasks a mood, which are required, and which an upcast gives to what was written before.

/** What is put into a file of today behind, or before, a text that it has. */
interface Edit {
  file: string;
  at: string;
  becomes: string;
}

const upcasts = (member: string, value: string) =>
  `upcasts: [(data) => ({ ...data as Record<string, string>, ${member}: ${value} })],`;

const edits: Edit[] = [
  {
    file: 'shared-events/src/events/user-events.ts',
    at: 'email: string().required(),',
    becomes: 'email: string().required(), nickname: string().required(),',
  },
  {
    file: 'shared-events/src/events/user-events.ts',
    at: "name: 'user-events',",
    becomes: `name: 'user-events', ${upcasts('nickname', '(data as Record<string, string>).name as string')}`,
  },
  {
    file: 'shared-events/src/events/task-events.ts',
    at: 'title: string().required(),',
    becomes: 'title: string().required(), mood: string().required(),',
  },
  {
    file: 'shared-events/src/events/task-events.ts',
    at: "name: 'task-events',",
    becomes: `name: 'task-events', ${upcasts('mood', "'normal'")}`,
  },
  {
    file: 'user-service/src/user.ts',
    at: '...input,',
    becomes: '...input, nickname: input.name,',
  },
  {
    file: 'task-service/src/task.ts',
    at: '...input,',
    becomes: "...input, mood: 'high',",
  },
];

function edited(source: string, { file, at, becomes }: Edit): string {
  if (!source.includes(at)) throw new Error(`${file} has no ${at}`);
  return source.replace(at, () => becomes);
}

registerHooks({
  load(url, context, next) {
    const loaded = next(url, context);
    const own = edits.filter(({ file }) => url.endsWith(`/${file}`));
    if (own.length === 0) return loaded;
    return { ...loaded, source: own.reduce(edited, String(loaded.source)) };
  },
});
