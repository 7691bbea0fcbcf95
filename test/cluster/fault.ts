import type { FaultOf } from '../faults/survive.ts';
import { until } from '../stack/until.ts';
import type { ClusterWorld, ClusterWorldOptions } from './world.ts';

/** What breaks something of a cluster. */
export interface Fault extends FaultOf<ClusterWorld>, ClusterWorldOptions {
  /** The shards whose requests may fail meanwhile; all when left out. */
  hit?: number[];
}

/** Makes a user of the first shard with so many tasks; resolves to the user's id. */
export async function userWithTasks(
  { gateway, userKey }: ClusterWorld,
  count: number,
  key = userKey(0),
): Promise<string> {
  const user = { name: 'Many tasks', email: 'many@example.com' };
  const made = await gateway.post('/users/users', user, { 'Idempotency-Key': key });
  const { id } = made.json<{ id: string }>();
  let left = count;
  const writers = Array.from({ length: 40 }, async () => {
    for (; left > 0; left--) await gateway.post('/tasks/tasks', { userId: id, title: `Task ${left}` });
  });
  await Promise.all(writers);
  await until('the user has tasks', async () => {
    const page = await gateway.get(`/tasks/tasks?userId=${id}&limit=1`);
    return page.status === 200 && page.text !== '[]';
  });
  return id;
}
