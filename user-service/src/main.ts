import { setTimeout as delay } from 'node:timers/promises';
import { createApp, listen, serviceClient, tracedClient } from 'shared-events/http';
import { describeService, openApi } from 'shared-events/openapi';
import { replayRoutes } from 'shared-events/operator';
import { answers, claimPartitions, openRedis } from 'shared-events/redis';
import { run } from 'shared-events/service';
import { createMetrics, watchRedis } from 'shared-events/telemetry';
import { userServiceConfig } from './config.ts';
import { userApi } from './routes.ts';
import { userStore } from './store.ts';
import { taskClient } from './task-client.ts';

await run({
  name: 'user-service',
  configure: userServiceConfig,
  async start(config, log, fail) {
    const stopping = new AbortController();
    const partitions = config.PARTITIONS;
    const redis = openRedis({ config, log });
    const metrics = createMetrics();
    watchRedis(metrics, redis);
    const taskService = serviceClient({ name: 'task service', base: config.TASK_BASE });
    const replays = replayRoutes({
      command: new URL('replay.ts', import.meta.url),
      projections: ['users'],
      log,
    });
    let claimed = false;

    const app = createApp({
      log,
      metrics,
      api: userApi,
      collaborators: {
        store: userStore({ redis, partitions }),
        tasks: taskClient(tracedClient('task service', taskService)),
        now: () => new Date().toISOString(),
      },
      parts: [replays],
      document: JSON.stringify(openApi(describeService(userApi))),
      isOpen: () => claimed,
      missing: async () => (claimed && (await answers(redis)) ? [] : ['redis']),
    });
    const claiming = claimPartitions({ redis, partitions, signal: stopping.signal, log }).then(
      () => {
        claimed = true;
      },
      (error) => stopping.signal.aborted || fail(error),
    );
    // Whoever finds the port open is served; only while Redis is away it is open for questions of health.
    await Promise.race([claiming, delay(1000)]);
    const server = await listen(app.callback(), config.PORT, config.HOST);
    log.info({ pid: process.pid, port: server.port, partitions }, 'listening');

    return async () => {
      stopping.abort();
      replays.stop();
      await server.stop();
      await taskService.close();
      redis.disconnect();
    };
  },
});
