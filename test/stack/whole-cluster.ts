import { Cluster, type Redis } from 'ioredis';

/**
 * A connection to a cluster that tests use as if it were one Redis: what is not about one key is asked of every node, and
 * answered by all of them together.
 */
export function openWholeCluster(ports: number[]): Redis {
  const cluster = new Cluster(
    ports.map((port) => ({ host: '127.0.0.1', port })),
    { slotsRefreshInterval: 1000 },
  );
  // Else it may ask for ever, and the process of the test does not end (see ClusterConnection).
  const refresh = cluster.refreshSlotsCache.bind(cluster);
  const disconnect = cluster.disconnect.bind(cluster);
  let isOver = false;
  cluster.disconnect = (reconnect = false) => {
    isOver ||= !reconnect;
    disconnect(reconnect);
  };
  cluster.refreshSlotsCache = (callback) => refresh((error) => isOver || callback?.(error));
  const each = async <T>(of: 'all' | 'master', ask: (node: Redis) => Promise<T>): Promise<T[]> => {
    if (cluster.status !== 'ready') await new Promise((resolve) => cluster.once('ready', resolve));
    return Promise.all(cluster.nodes(of).map(ask));
  };
  const one = cluster.del.bind(cluster) as (key: string) => Promise<number>;
  return Object.assign(cluster, {
    keys: async (pattern: string) => (await each('master', (node) => node.keys(pattern))).flat(),
    dbsize: async () => (await each('master', (node) => node.dbsize())).reduce((sum, size) => sum + size),
    del: async (...keys: string[]) => (await Promise.all(keys.map((key) => one(key)))).length,
    acl: async (...args: string[]) => (await each('all', (node) => node.call('ACL', ...args))).flat(),
    client: async (...args: string[]) => (await each('all', (node) => node.call('CLIENT', ...args))).join(''),
  }) as unknown as Redis;
}
