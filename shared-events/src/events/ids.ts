import { v7 } from 'uuid';

const pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Whether a text is an id in the one form this system writes: a lower-case UUID. Anything else names nothing. */
export const isId = (text: string): boolean => pattern.test(text);

/** The last four hex digits of an id. They decide the partition of everything that belongs to one user. */
export const routingDigits = (id: string): string => id.slice(-4);

/**
 * A new UUIDv7. Ids made by one process sort by time of creation, also within a millisecond.
 * @param digits four hex digits to route by; random when left out
 */
export function newId(digits?: string): string {
  const id = v7();
  return digits === undefined ? id : id.slice(0, -4) + digits;
}

/** The partition that holds an id, or anything else whose name ends in routing digits. */
export const partitionOf = (id: string, partitions: number): number =>
  Number.parseInt(routingDigits(id), 16) % partitions;

/** The Redis Cluster hash tag that keeps all keys of one partition in one slot. */
export const hashTag = (partition: number): string => `{${partition}}`;
