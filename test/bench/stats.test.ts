import test from 'ava';
import { latencyOf, median, percentile, spread } from './stats.ts';

test('a percentile is a value of the list, by nearest rank, whatever the order', (t) => {
  const list = Array.from({ length: 200 }, (_, at) => 200 - at);
  t.is(percentile(list, 0.5), 100);
  t.is(percentile(list, 0.99), 198);
  t.is(percentile(list, 1), 200);
  t.is(percentile([7], 0.5), 7);
  t.true(Number.isNaN(percentile([], 0.5)));
});

test('a median is the middle, or between the two in the middle', (t) => {
  t.is(median([3, 1, 2]), 2);
  t.is(median([4, 1, 3, 2]), 2.5);
  t.is(median([7]), 7);
  t.true(Number.isNaN(median([])));
});

test('a spread is a part of the median', (t) => {
  t.is(spread([90, 100, 110]), 0.2);
  t.is(spread([5]), 0);
});

test('of times are told the middle, the worst of a hundred, and the worst', (t) => {
  const ms = Array.from({ length: 1000 }, (_, at) => at + 1);
  t.deepEqual(latencyOf(ms), { count: 1000, p50: 500, p99: 990, max: 1000 });
});
