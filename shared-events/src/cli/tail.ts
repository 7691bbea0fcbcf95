import { styleText } from 'node:util';
import type { Redis } from 'ioredis';
import { asEvent } from '../events/as-event.ts';
import { field, type RawEntry } from '../events/entry.ts';
import { streamKeys } from '../events/streams.ts';
import { Failure } from '../failure.ts';
import { compareIds } from '../streams/entry-id.ts';
import { endOf } from '../streams/pages.ts';
import { entryId, say, withRedis } from './command.ts';

interface TailOptions {
  from?: string | undefined;
  types?: string[] | undefined;
  subject?: string | undefined;
  json: boolean;
  follow: boolean;
}

const pageSize = 500;
/** How long a read waits for new entries, in milliseconds; well below what a command may take. */
const block = 500;

/** Prints events as they come, or as they came: those of all streams and partitions, in order within each read. */
export async function tail({ from, types, subject, json, follow }: TailOptions): Promise<void> {
  const start = from === '0' ? '0-0' : entryId(from);
  if (from !== undefined && start === undefined) {
    throw new Failure(
      'no_time',
      `--from ${from}: give an entry id, a time such as ${new Date().toISOString()}, or 0.`,
    );
  }
  const wanted = (entry: RawEntry) =>
    (types === undefined || types.includes(field(entry, 'type') ?? '')) &&
    (subject === undefined || field(entry, 'subject') === subject);

  await withRedis(async (redis, config) => {
    const positions = new Map<string, string>();
    for (const stream of streamKeys(config.PARTITIONS)) {
      positions.set(stream, start ?? (await endOf({ redis, stream })));
    }
    for (;;) {
      const found = await readMore(redis, positions);
      for (const { stream, entry } of found) {
        positions.set(stream, entry[0]);
        if (wanted(entry)) say(json ? JSON.stringify(asEvent(stream, entry)) : line(entry));
      }
      if (!follow && found.length === 0) return;
    }
  });
}

async function readMore(redis: Redis, positions: Map<string, string>) {
  const keysAndIds = [...positions.keys(), ...positions.values()];
  const reply = await redis.xread('COUNT', pageSize, 'BLOCK', block, 'STREAMS', ...keysAndIds);
  return (reply ?? [])
    .flatMap(([stream, entries]) => entries.map((entry) => ({ stream, entry })))
    .sort((a, b) => compareIds(a.entry[0], b.entry[0]));
}

/** Time, type, subject and document of an event, in colours where standard output is a terminal. */
export function line(entry: RawEntry): string {
  const type = field(entry, 'type') ?? '(no type)';
  const at = new Date(Number.parseInt(entry[0], 10));
  const time = Number.isNaN(at.getTime()) ? '(no time)' : at.toISOString();
  const colour = type.endsWith('.created') ? 'green' : type.endsWith('.deleted') ? 'red' : 'yellow';
  return [
    styleText('dim', time),
    styleText(colour, type.padEnd(12)),
    field(entry, 'subject') ?? '(no subject)',
    field(entry, 'data') ?? '',
  ].join('  ');
}
