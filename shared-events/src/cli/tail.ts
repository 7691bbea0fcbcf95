import { styleText } from 'node:util';
import { asEvent } from '../events/as-event.ts';
import { field, type RawEntry, subjectOf } from '../events/entry.ts';
import { allStreams, streamKeys } from '../events/streams.ts';
import { Failure } from '../failure.ts';
import { openBlockingRedis } from '../redis/connection.ts';
import { readTogether } from '../redis/store.ts';
import { readBatches } from '../streams/entries.ts';
import { endOf } from '../streams/pages.ts';
import { entryId, say, silent, withRedis } from './command.ts';

interface TailOptions {
  from?: string | undefined;
  types?: string[] | undefined;
  subject?: string | undefined;
  json: boolean;
  follow: boolean;
}

/** How many entries one read takes of each stream, at most. */
const batchSize = 500;
/** How long a read waits for new entries, in milliseconds. */
const block = 5000;

/**
 * Prints events as they come, or as they came, until the process is ended or, without `follow`, the streams end: those of
 * all streams and partitions, in order within each read. Fails if Redis does.
 */
export async function tail({ from, types, subject, json, follow }: TailOptions): Promise<void> {
  const start = from === undefined ? undefined : startOf(from);
  for (const type of types ?? []) refuseUnknown(type);
  const isWanted = (entry: RawEntry) =>
    (types === undefined || types.includes(field(entry, 'type') ?? '')) &&
    (subject === undefined || subjectOf(entry) === subject);

  await withRedis(async (redis, layout, config) => {
    if (follow && from === undefined && process.stderr.isTTY) {
      process.stderr.write('Events from now on, until Ctrl+C; --from 0 begins with the first.\n');
    }
    const positions = new Map<string, string>();
    for (const stream of streamKeys(layout)) {
      positions.set(stream, start ?? (await endOf({ redis, stream })));
    }
    const { signal } = new AbortController();
    async function print(streams: string[]): Promise<void> {
      const [key = ''] = streams;
      const connect = () => openBlockingRedis({ config, log: silent, redis, key }, block);
      const from = new Map(streams.map((stream) => [stream, positions.get(stream) as string]));
      for await (const batch of readBatches({ connect, positions: from, signal, count: batchSize, block })) {
        for (const { stream, entry } of batch.entries) {
          if (isWanted(entry)) say(json ? JSON.stringify(asEvent(stream, entry)) : line(entry));
        }
        if (!follow && batch.isCaughtUp) return;
      }
    }
    await Promise.all(readTogether(redis, [...positions.keys()]).map(print));
  });
}

function refuseUnknown(type: string): void {
  const all = allStreams.flatMap(({ types }): readonly string[] => types);
  if (!all.includes(type)) throw new Failure('no_type', `--type ${type}: there are ${all.join(', ')}.`);
}

/** Returns the position that `--from` means. Fails with `no_time` if it is neither an id, a time nor 0. */
function startOf(from: string): string {
  const start = from === '0' ? '0-0' : entryId(from);
  if (start !== undefined) return start;
  const example = new Date().toISOString();
  throw new Failure('no_time', `--from ${from}: give an entry id, a time such as ${example}, or 0.`);
}

/** Returns time, type, subject and document of an event, in colours if standard output is a terminal. */
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
