import { styleText } from 'node:util';
import { timeOf } from '../events/cloud-event.ts';
import { parseData, type RawEntry, readEntry } from '../events/entry.ts';
import { isId } from '../events/ids.ts';
import { partitionOf } from '../events/layout.ts';
import { allStreams } from '../events/streams.ts';
import { Failure } from '../failure.ts';
import { readSubject } from '../streams/entries.ts';
import { say, withRedis } from './command.ts';

/** Prints the life of a document: each of its events, with what it changed. */
export async function show(subject: string | undefined): Promise<void> {
  if (subject === undefined) throw new Failure('no_subject', 'Say whose life to show: the id of a document.');
  if (!isId(subject)) throw new Failure('no_subject', `${subject} is not the id of a document.`);
  await withRedis(async (redis, layout) => {
    let before: Record<string, unknown> = {};
    let steps = 0;
    const partition = partitionOf(subject, layout);
    const streams = allStreams.map(({ key }) => key(partition));
    for await (const entries of readSubject(redis, streams, subject)) {
      for (const { entry } of entries) before = print(entry, before);
      steps += entries.length;
    }
    if (steps === 0) throw new Failure('no_events', `No event is about ${subject}.`);
  });
}

/** Prints one step and returns the document it leaves. */
function print(raw: RawEntry, before: Record<string, unknown>): Record<string, unknown> {
  const entry = readEntry(raw);
  const document = parseData(entry) as Record<string, unknown>;
  const time = timeOf(entry.id);
  say(
    `${styleText('dim', time)}  ${styleText('bold', entry.type)}  ${entry.id}  request ${entry.request || '-'}`,
  );
  if (entry.type.endsWith('.deleted')) return document;
  for (const [name, value] of Object.entries(document)) {
    const old = before[name];
    if (JSON.stringify(old) === JSON.stringify(value)) continue;
    const was = old === undefined ? '' : `${styleText('red', JSON.stringify(old))} → `;
    say(`    ${name}: ${was}${styleText('green', JSON.stringify(value))}`);
  }
  return document;
}
