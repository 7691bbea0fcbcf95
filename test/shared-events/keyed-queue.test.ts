import test from 'ava';
import { keyedQueue } from '../../shared-events/src/streams/keyed-queue.ts';
import { until } from '../stack/until.ts';

// The queue in which what belongs together waits for each other; no Redis in it.

/** A queue of names such as `a1`, by their letter; each is worked on until it is let go. */
function openQueue() {
  const begun: string[] = [];
  const open = new Map<string, () => void>();
  const queue = keyedQueue<string>({
    keyOf: ([letter = '']) => letter,
    work(name) {
      begun.push(name);
      return new Promise((resolve) => open.set(name, resolve));
    },
  });
  return { queue, begun, letGo: (name: string) => open.get(name)?.() };
}

test('items of one key are worked on one after the other, as they came, and those of others meanwhile', async (t) => {
  const { queue, begun, letGo } = openQueue();
  for (const name of ['a1', 'a2', 'b1', 'a3']) queue.add(name);
  t.deepEqual(begun, ['a1', 'b1']);
  letGo('a1');
  await until('the next of the key is begun', () => begun.includes('a2'));
  letGo('a2');
  await until('the last of the key is begun', () => begun.includes('a3'));
  t.deepEqual(begun, ['a1', 'b1', 'a2', 'a3']);
});

test('whoever waits for room goes on when there is enough, or when it is told to stop', async (t) => {
  const { queue, letGo } = openQueue();
  for (const name of ['a1', 'b1', 'c1']) queue.add(name);
  let hasRoom = false;
  const waiting = queue.downTo(1).then(() => {
    hasRoom = true;
  });
  letGo('a1');
  await new Promise(setImmediate);
  t.false(hasRoom);
  letGo('b1');
  await waiting;
  const stopping = new AbortController();
  const stopped = queue.downTo(0, stopping.signal);
  stopping.abort();
  await t.notThrowsAsync(stopped);
});
