import type { Redis } from 'ioredis';
import type { CommonConfig } from '../config.ts';

/** A server that the data is on. */
export interface DataNode {
  address: string;
  role: string;
  version: string;
  /** bytes */
  memory: number;
  /** the partitions that are on it */
  partitions: number[];
}

/** Resolves to the nodes of the data with the partitions on each: one Redis has them all. */
export async function readNodes(redis: Redis, config: CommonConfig): Promise<DataNode[]> {
  const info = await redis.info();
  const value = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? '';
  return [
    {
      address: `${config.REDIS_HOST}:${config.REDIS_PORT}`,
      role: value('role'),
      version: value('redis_version'),
      memory: Number(value('used_memory')),
      partitions: Array.from({ length: config.PARTITIONS }, (_, partition) => partition),
    },
  ];
}
