import { once } from 'node:events';
import test from 'ava';
import { pagesAfter } from 'shared-events/streams';
import { withBareRedis } from '../stack/bare-redis.ts';
import { openTestRedis } from '../stack/redis.ts';

test('whoever stops reading half-way does not hear how the reading ahead went', async (t) => {
  await withBareRedis(async ({ port, redis }) => {
    const stream = 'numbers';
    const pipeline = redis.pipeline();
    for (let n = 1; n <= 1500; n++) pipeline.xadd(stream, `${n}-0`, 'n', n);
    await pipeline.exec();

    const reader = openTestRedis({ ports: { redis: port } });
    const ended = once(reader, 'end');
    let read = 0;
    for await (const page of pagesAfter({ redis: reader, stream }, '0-0')) {
      read += page.length;
      // What is read ahead fails; AVA would tell of a rejection that nobody handles.
      reader.stream.destroy();
      reader.disconnect();
      break;
    }
    t.is(read, 500);
    await ended;
  });
});
