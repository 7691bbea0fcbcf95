import fc from 'fast-check';
import { taskStatuses } from 'shared-events';

// What is done to the system at random.

const name = fc
  .string({ minLength: 1, maxLength: 20, unit: 'grapheme' })
  .map((text) => text.replace(/[\p{Cc}\s]/gu, '_'));
const which = fc.nat();
const program = fc.constantFrom('older', 'newer');

export const command = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('create user'), name }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('replace user'), which, name }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete user'), which }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('create task'),
      which,
      title: name,
      status: fc.constantFrom(...taskStatuses),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('change task'),
      which,
      title: fc.option(name, { nil: undefined }),
      status: fc.constantFrom(undefined, ...taskStatuses),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('delete task'), which }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('crash'), part: fc.constantFrom('users', 'tasks', 'redis') }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('restart'),
      service: fc.constantFrom('users', 'tasks'),
      as: program,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('replay'), as: program }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('compact') }) },
);

export type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;
