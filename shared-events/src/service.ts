export { baseUrl, type CommonConfig, commonConfig, listenPort, readConfig } from './config.ts';
export { Failure } from './failure.ts';
export { run } from './run.ts';
export { appending } from './tracing.ts';
