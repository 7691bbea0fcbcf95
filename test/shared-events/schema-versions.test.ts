import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { fromCloudEvent, type RawEntry, taskEvents, toCloudEvent, userEvents } from 'shared-events';

// Entries as they were written under each schema version there ever was. They are never changed, only added to.

const folder = join(import.meta.dirname, 'fixtures');
const files = readdirSync(folder).sort();
const streams = { 'user-events': userEvents, 'task-events': taskEvents };

test('there is a record of every schema version', (t) => {
  const newest = Math.max(userEvents.schema, taskEvents.schema);
  t.deepEqual(
    files,
    Array.from({ length: newest }, (_, n) => `schema-${n + 1}.json`),
  );
});

for (const file of files) {
  const recorded: Record<keyof typeof streams, RawEntry[]> = JSON.parse(
    readFileSync(join(folder, file), 'utf8'),
  );

  test(`${file}: entries of every type are read as events of today`, (t) => {
    for (const [name, stream] of Object.entries(streams)) {
      const entries = recorded[name as keyof typeof streams];
      const types = entries.map((entry) => stream.decode(entry).type);
      t.deepEqual(new Set<string>(types), new Set<string>(stream.types));
      for (const entry of entries) {
        const { data } = stream.decode(entry);
        t.is(data.id, stream.decode(entry).subject);
        t.deepEqual(fromCloudEvent(toCloudEvent(stream.key(0), entry)).entry, entry);
      }
    }
  });
}
