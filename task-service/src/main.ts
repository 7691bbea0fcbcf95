import { setTimeout as delay } from 'node:timers/promises';
import { Counter } from 'prom-client';
import { createApp, listen, serviceClient, tracedClient } from 'shared-events/http';
import { describeService, openApi } from 'shared-events/openapi';
import { answers, claimPartitions, openRedis } from 'shared-events/redis';
import { run } from 'shared-events/service';
import { createMetrics, watchRedis } from 'shared-events/telemetry';
import { taskServiceConfig } from './config.ts';
import { taskOperator } from './operator.ts';
import { userEventReaders } from './readers.ts';
import { taskApi } from './routes.ts';
import { taskStore } from './store.ts';
import { userClient } from './user-client.ts';

await run({
  name: 'task-service',
  configure: taskServiceConfig,
  async start(config, log, fail) {
    const stopping = new AbortController();
    const { signal } = stopping;
    const partitions = config.PARTITIONS;
    const redis = openRedis({ config, log });
    const userService = serviceClient({
      name: 'user service',
      base: config.USER_SERVICE_BASE,
      maxResponseSize: 64 * 1024,
    });
    const store = taskStore({ redis, partitions });
    const metrics = createMetrics();
    watchRedis(metrics, redis);
    const checks = new Counter({
      name: 'user_checks_total',
      help: 'How it was found out whether the user of a new task exists: locally, or over HTTP as well',
      labelNames: ['answered'],
      registers: [metrics],
    });
    const readers = userEventReaders({ config, log, redis, store, metrics, signal });
    const operator = taskOperator({ config, log, redis });
    let claimed = false;

    const app = createApp({
      log,
      metrics,
      api: taskApi,
      collaborators: {
        store,
        users: userClient(tracedClient('user service', userService)),
        onCheck: (answered) => checks.inc({ answered }),
        now: () => new Date().toISOString(),
      },
      parts: operator,
      document: JSON.stringify(openApi(describeService(taskApi))),
      isOpen: () => claimed,
      missing: async () => [
        ...(claimed && (await answers(redis)) ? [] : ['redis']),
        ...(readers.areBuilt() ? [] : ['known-users']),
      ],
    });
    const failed = (error: unknown) => signal.aborted || fail(error);
    const claiming = claimPartitions({ redis, partitions, signal, log }).then(() => {
      claimed = true;
    }, failed);
    const reading = claiming.then(() => (claimed ? readers.run() : undefined)).catch(failed);
    // Whoever finds the port open is served; only while Redis is away it is open for questions of health.
    await Promise.race([claiming, delay(1000)]);
    const server = await listen(app.callback(), config.PORT, config.HOST);
    log.info({ pid: process.pid, port: server.port, partitions }, 'listening');

    return async () => {
      stopping.abort();
      for (const part of operator) part.stop();
      await server.stop();
      await reading;
      await userService.close();
      redis.disconnect();
    };
  },
});
