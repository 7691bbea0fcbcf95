import { streamKeys } from '../events/streams.ts';
import { Failure } from '../failure.ts';
import type { Store } from '../redis/store.ts';
import { type DeadLetter, deadLetters } from '../streams/dead-letters.ts';
import { groupStates } from '../streams/lag.ts';
import { say, withRedis } from './command.ts';
import { table } from './table.ts';
import { line } from './tail.ts';

interface Found extends DeadLetter {
  stream: string;
  group: string;
  of: ReturnType<typeof deadLetters>;
}

/** Lists, shows, puts back or drops dead letters. */
export async function deadLetterCommand(action = 'list', id?: string, group?: string): Promise<void> {
  const act = actions.get(action);
  if (action !== 'list' && act === undefined) {
    throw new Failure(
      'unknown_command',
      `There is no dead-letters ${action}; there is list, show, requeue and drop.`,
    );
  }
  await withRedis(async (redis, layout) => {
    const all = await findDeadLetters(redis, streamKeys(layout), group);
    if (act === undefined) return list(all);
    for (const chosen of choose(all, id)) await act(chosen);
  });
}

/** What can be done with one dead letter. */
const actions = new Map<string, (found: Found) => Promise<void> | void>([
  ['show', showOne],
  ['requeue', requeue],
  ['drop', drop],
]);

async function requeue({ id, group, of }: Found): Promise<void> {
  await of.requeue(id);
  say(`${id} is back before ${group}`);
}

async function drop({ id, of }: Found): Promise<void> {
  await of.drop(id);
  say(`${id} is dropped`);
}

async function findDeadLetters(redis: Store, streams: string[], only: string | undefined): Promise<Found[]> {
  const found: Found[] = [];
  for (const stream of streams) {
    for (const { group } of await groupStates({ redis, stream })) {
      if (only !== undefined && only !== group) continue;
      const of = deadLetters({ redis, stream, group });
      found.push(...(await of.list()).map((entry) => ({ ...entry, stream, group, of })));
    }
  }
  return found;
}

function choose(all: Found[], id: string | undefined): Found[] {
  const chosen = id === 'all' ? all : all.filter((entry) => entry.id === id);
  if (chosen.length === 0) throw new Failure('no_dead_letter', `There is no dead letter ${id ?? 'no id'}.`);
  return chosen;
}

function list(all: Found[]): void {
  if (all.length === 0) return void say('There are no dead letters.');
  const rows = all.map(({ id, stream, group, entry, attempts, code, reason }) => [
    id,
    stream,
    group,
    entry[0],
    attempts,
    code,
    reason,
  ]);
  for (const text of table(['id', 'stream', 'group', 'entry', 'attempts', 'code', 'reason'], rows)) say(text);
}

function showOne({ id, stream, group, entry, attempts, code, reason }: Found): void {
  say(`${id}  ${stream}  group ${group}\n  ${code} after ${attempts} attempts: ${reason}\n  ${line(entry)}`);
  for (let at = 0; at < entry[1].length; at += 2) say(`    ${entry[1][at]}: ${entry[1][at + 1]}`);
}
