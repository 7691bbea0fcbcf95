export { answers, openBlockingRedis, openRedis } from './redis/connection.ts';
export { exclusively } from './redis/exclusive.ts';
export { claimPartitions } from './redis/partitions.ts';
export { readingScript, script, scriptName } from './redis/script.ts';
