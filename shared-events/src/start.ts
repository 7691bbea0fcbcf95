import { setTimeout as delay } from 'node:timers/promises';
import { Registry } from 'prom-client';
import { firstLayout, type Layout } from './events/layout.ts';
import { listen } from './http/server.ts';
import { openRedis } from './redis/connection.ts';
import { claimLayout, layoutText } from './redis/layout.ts';
import { type ServiceConfig, type StartOptions, serving } from './serving.ts';
import { createMetrics } from './telemetry/metrics.ts';
import { confirmation, redisMetrics } from './telemetry/redis-metrics.ts';

/** How long a service waits for Redis before it listens all the same, and only answers questions of health. */
const listenTimeout = 1000;

/**
 * Opens Redis and serves the data as it is laid out, from now on until what it resolves to is called, which stops all in
 * order. It resolves once it listens; what goes wrong later is told to `fail`.
 */
export async function start<Config extends ServiceConfig, Collaborators>(
  options: StartOptions<Config, Collaborators>,
): Promise<() => Promise<void>> {
  const { config, log, fail } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const processMetrics = createMetrics();
  const connection = { config, log, observe: redisMetrics(processMetrics) };
  const redis = openRedis(connection);
  // What waits for replicas holds up all behind it on its connection, and so has one of its own.
  const replicas = config.REDIS_REPLICAS;
  const writer =
    replicas > 0 ? openRedis({ ...connection, confirmation: confirmation(processMetrics, replicas) }) : redis;
  const serve = (layout: Layout) =>
    serving({ ...options, redis, writer, layout, metrics: Registry.merge([processMetrics]), signal });

  // What the data will be like, unless it says otherwise.
  let current = serve(firstLayout(config.PARTITIONS ?? 1));
  const opened = Promise.withResolvers<void>();

  /** Serves the data as it is laid out, and as it is laid out anew whenever that is changed. */
  async function followLayout(): Promise<never> {
    for (let isFirst = true; ; isFirst = false) {
      const said = isFirst ? config.PARTITIONS : undefined;
      const layout = await claimLayout({ redis, writer, said, signal, log });
      if (!isFirst || layoutText(layout) !== layoutText(current.layout)) {
        const before = current;
        current = serve(layout);
        await before.stop();
      }
      opened.resolve();
      await current.open();
    }
  }

  const following = followLayout().catch((error) => signal.aborted || fail(error));
  // Whoever finds the port open is served; only while Redis is away it is open for questions of health.
  await Promise.race([opened.promise, delay(listenTimeout)]);
  const server = await listen(
    (request, response) => current.answer(request, response),
    config.PORT,
    config.HOST,
  );
  log.info({ pid: process.pid, port: server.port, partitions: current.layout.partitions }, 'listening');

  return async () => {
    stopping.abort();
    current.hangUp();
    await server.stop();
    await following;
    await current.stop();
    redis.disconnect();
    writer.disconnect();
  };
}
