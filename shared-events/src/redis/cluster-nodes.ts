/** A node of a Redis Cluster, as another node tells of it. */
export interface ClusterNode {
  id: string;
  host: string;
  port: number;
  role: 'master' | 'replica';
  /** The id of a replica's master. */
  master: string | undefined;
  /** Whether the nodes agree that it cannot be reached. */
  failed: boolean;
  /** The first and the last of each row of slots that a master serves. */
  slots: [first: number, last: number][];
}

/** Reads the reply to CLUSTER NODES. Nodes that have no address any more, or not yet, are left out. */
export function clusterNodes(reply: string): ClusterNode[] {
  return reply
    .split('\n')
    .filter((line) => line !== '' && !/\b(noaddr|handshake)\b/.test(line))
    .map(clusterNode);
}

function clusterNode(line: string): ClusterNode {
  const [id = '', address = '', flags = '', master, , , , , ...slots] = line.split(' ');
  // host:port@bus, and from Redis 7 on a name, if the node has one.
  const [, ip = '', port, , name] = /^(.*):(\d+)@(\d+)(?:,([^,]*))?/.exec(address) ?? [];
  return {
    id,
    host: name || ip,
    port: Number(port),
    role: flags.includes('master') ? 'master' : 'replica',
    master: master === '-' ? undefined : master,
    failed: flags.split(',').includes('fail'),
    // A slot that is on its way to another node has an entry in brackets beside its own.
    slots: slots.filter((row) => !row.startsWith('[')).map(rowOf),
  };
}

function rowOf(row: string): [number, number] {
  const [first = '', last = first] = row.split('-');
  return [Number(first), Number(last)];
}
