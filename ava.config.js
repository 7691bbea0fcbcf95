import { availableParallelism } from 'node:os';

export default {
  extensions: ['ts'],
  files: ['test/**/*.test.ts'],
  workerThreads: false,
  timeout: '2m',
  // Files wait for much of their time, for leases that end and services that start.
  concurrency: availableParallelism() + 2,
  require: ['./test/times.ts', './test/ends.ts'],
  // Half of what a service takes to start is compiling; the tests start hundreds.
  environmentVariables: { NODE_COMPILE_CACHE: `${import.meta.dirname}/node_modules/.cache/compile` },
};
