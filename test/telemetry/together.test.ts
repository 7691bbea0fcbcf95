import test from 'ava';
import { together } from '../../shared-events/src/telemetry/together.ts';
import { until } from '../stack/until.ts';

test('what happens in many partitions at about the same time is told once, and what happens later again', async (t) => {
  const told: string[] = [];
  const note = together((partitions) => told.push(partitions));
  for (const partition of [12, 3, 0, 1, 2, 9, 8]) note(partition);
  await until('it is told', () => told.length === 1);
  note(5);
  await until('it is told again', () => told.length === 2);
  t.deepEqual(told, ['0-3, 8-9, 12', '5']);
});
