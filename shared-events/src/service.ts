export { baseUrl, type CommonConfig, commonConfig, listenPort, readConfig } from './service/config.ts';
export { Failure } from './service/failure.ts';
export { answers, openBlockingRedis, openRedis } from './service/redis.ts';
export { run } from './service/run.ts';
export { appending } from './service/tracing.ts';
