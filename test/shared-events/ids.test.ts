import test from 'ava';
import { firstLayout, isId, newId, partitionOf, routingDigits } from 'shared-events';

test('ids sort by time of creation, also within a millisecond and when routed', (t) => {
  const ids = Array.from({ length: 5000 }, (_, n) => newId(n % 2 === 0 ? undefined : 'beef'));
  t.deepEqual(ids.toSorted(), ids);
  t.is(new Set(ids).size, ids.length);
  t.true(ids.every(isId));
});

test('an id carries the routing digits it was given, and its partition follows from them', (t) => {
  const id = newId('00ff');
  t.is(routingDigits(id), '00ff');
  t.is(partitionOf(id, firstLayout(1)), 0);
  t.is(partitionOf(id, firstLayout(64)), 63);
  t.is(partitionOf(id, firstLayout(10)), 5);
  t.is(partitionOf(id, { partitions: 10, generation: 2 }), '5.2');
});

test('users spread evenly over the partitions', (t) => {
  const counts = Array<number>(8).fill(0);
  for (let n = 0; n < 8000; n++) {
    const partition = Number(partitionOf(newId(), firstLayout(8)));
    counts[partition] = (counts[partition] ?? 0) + 1;
  }
  t.true(Math.min(...counts) > 800 && Math.max(...counts) < 1200, String(counts));
});

test('only a lower-case UUID is an id', (t) => {
  for (const text of [
    '',
    'x',
    `${newId()} `,
    newId().toUpperCase(),
    newId().replaceAll('-', ''),
    `{${newId()}}`,
  ]) {
    t.false(isId(text), text);
  }
});
