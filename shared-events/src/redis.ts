export { openBlockingRedis, openRedis } from './redis/connection.ts';
export { readingScript, script } from './redis/script.ts';
export type { Store } from './redis/store.ts';
