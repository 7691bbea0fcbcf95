import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { userEvents } from 'shared-events';
import { createApp, listen, serviceClient } from 'shared-events/http';
import { answers, openBlockingRedis, openRedis, run } from 'shared-events/service';
import { claimPartitions, consume, consumeBlock, follow, followBlock } from 'shared-events/streams';
import { cascade, cascadeGroup } from './cascade.ts';
import { taskServiceConfig } from './config.ts';
import { knownUsers, knownUsersKey } from './known-users.ts';
import { taskRoutes } from './routes.ts';
import { taskStore } from './store.ts';
import { userClient } from './user-client.ts';

await run({
  name: 'task-service',
  configure: taskServiceConfig,
  async start(config, log, fail) {
    const stopping = new AbortController();
    const partitions = config.PARTITIONS;
    const redis = openRedis({ config, log });
    const userService = serviceClient({
      name: 'user service',
      base: config.USER_SERVICE_BASE,
      maxResponseSize: 64 * 1024,
    });
    const consumer = `${hostname()}:${process.pid}:${randomBytes(4).toString('hex')}`;
    let claimed = false;
    const behind = new Set(Array(partitions).keys());

    const store = taskStore({ redis, partitions });

    const app = createApp({
      log,
      routes: taskRoutes({
        store,
        users: userClient(userService),
        now: () => new Date().toISOString(),
      }),
      isOpen: () => claimed,
      missing: async () => [
        ...(claimed && (await answers(redis)) ? [] : ['redis']),
        ...(behind.size === 0 ? [] : ['known-users']),
      ],
    });
    const server = await listen(app.callback(), config.PORT, config.HOST);
    log.info({ pid: process.pid, port: server.port, partitions }, 'listening');

    async function followUsers(partition: number): Promise<void> {
      const stream = userEvents.key(partition);
      await follow({
        stream,
        projection: knownUsers({
          redis,
          key: knownUsersKey(partition),
          onUndecodable: (error) => log.error({ err: error, stream }, 'known-users passes an entry by'),
        }),
        connect: () => openBlockingRedis({ config, log }, followBlock),
        signal: stopping.signal,
        log,
        onCaughtUp: () => behind.delete(partition),
      });
    }

    async function deleteTasksOfDeletedUsers(partition: number): Promise<void> {
      await consume({
        redis,
        stream: userEvents.key(partition),
        group: cascadeGroup,
        consumer,
        handle: cascade({ store }),
        connect: () => openBlockingRedis({ config, log }, consumeBlock),
        signal: stopping.signal,
        log,
      });
    }

    const reading = claimPartitions(redis, partitions, stopping.signal)
      .then(() => {
        claimed = true;
        const all = [...behind];
        return Promise.all([...all.map(followUsers), ...all.map(deleteTasksOfDeletedUsers)]);
      })
      .catch((error) => stopping.signal.aborted || fail(error));

    return async () => {
      stopping.abort();
      await server.stop();
      await reading;
      await userService.close();
      redis.disconnect();
    };
  },
});
