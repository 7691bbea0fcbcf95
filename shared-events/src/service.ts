import { replayCommand } from './cli/replay.ts';
import { readConfig } from './config.ts';
import { runProcess } from './process.ts';
import type { ServiceConfig, ServiceDefinition } from './serving.ts';

export { baseUrl, type CommonConfig, commonConfig, listenPort, readConfig } from './config.ts';
export { Failure } from './failure.ts';
export type { BuildOptions, Parts, ServiceDefinition } from './serving.ts';
export { appending } from './tracing.ts';

/**
 * Runs a service: reads its configuration, opens Redis, claims the data's partitions, follows and consumes streams,
 * listens, and stops all of it in order on SIGTERM or SIGINT (see `runProcess`). As `main.ts replay …` it runs the
 * replays of its projections and records instead (see `replayCommand`).
 */
export async function runService<Config extends ServiceConfig, Collaborators>(
  definition: ServiceDefinition<Config, Collaborators>,
): Promise<void> {
  const [, main = '', command, ...args] = process.argv;
  if (command === 'replay') return replayCommand(definition, args);
  await runProcess<Config>({
    name: definition.name,
    configure: (env) => readConfig(definition.config, env),
    start: async (config, log, fail) => {
      // A replay, and a command that reads what can be replayed, begins sooner without all that only serving needs.
      const { start } = await import('./start.ts');
      return start({ definition, main, config, log, fail });
    },
  });
}
