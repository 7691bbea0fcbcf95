import test from 'ava';
import { eventStream, newId } from 'shared-events';
import { recordLua, records } from 'shared-events/records';
import { script } from 'shared-events/redis';
import { boolean, object, string } from 'yup';
import { withBareRedis } from '../stack/bare-redis.ts';
import { entriesOf } from '../stack/redis.ts';

const doorEvents = eventStream({
  name: 'door-events',
  types: ['door.opened', 'door.closed', 'door.deleted'],
  document: object({ id: string().required(), isOpen: boolean().required() }),
  noun: 'Door',
  example: { id: '01a20570-5a3c-7abc-9def-0123456789ab', isOpen: false },
});

test('which event an update is may follow from the document before and after; what changes nothing is no event', async (t) => {
  await withBareRedis(async ({ redis }) => {
    const id = newId();
    const recordKey = () => `door:{0}:${id}`;
    const doors = records({
      redis,
      writer: redis,
      stream: doorEvents,
      updated: (before, after) => {
        t.not(before.isOpen, after.isOpen);
        return after.isOpen ? 'door.opened' : 'door.closed';
      },
      deleted: 'door.deleted',
      recordKey,
      change: script(recordLua, new URL('../example/pin-service/src/write-pin.lua', import.meta.url)),
      concerned: () => ({ keys: [doorEvents.key(0), recordKey()], args: [] }),
    });
    await redis.set(recordKey(), `1-1 1 ${JSON.stringify({ id, isOpen: false })}`);
    const request = { context: { request: 'r', trace: '' }, allows: () => true };
    for (const isOpen of [true, true, false]) {
      await doors.update(id, request, (door) => (door.isOpen === isOpen ? door : { ...door, isOpen }));
    }
    const events = await entriesOf(redis, 'door-events');
    t.deepEqual(
      events.map(({ type, data }) => [type, JSON.parse(data).isOpen]),
      [
        ['door.opened', true],
        ['door.closed', false],
      ],
    );
    t.is((await doors.find(id))?.version, events[1]?.id);
  });
});
