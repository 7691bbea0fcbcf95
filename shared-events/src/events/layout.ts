import { routingDigits } from './ids.ts';

/** How the data is laid out: how many partitions it has, and how often that number was changed. */
export interface Layout {
  partitions: number;
  generation: number;
}

/** Returns the layout of data that was given so many partitions at its beginning. */
export const firstLayout = (partitions: number): Layout => ({ partitions, generation: 0 });

/**
 * A partition as the names of keys have it: its number, and after a change of their number its number and how many changes
 * there were, such as `3.1`.
 */
export type Partition = number | string;

const named = (number: number, { generation }: Layout): Partition =>
  generation === 0 ? number : `${number}.${generation}`;

/** Returns the partitions of a layout, in the order of their numbers. */
export const partitionsOf = (layout: Layout): Partition[] =>
  Array.from({ length: layout.partitions }, (_, number) => named(number, layout));

/** The partition that holds an id, or anything else whose name ends in routing digits. */
export const partitionOf = (id: string, layout: Layout): Partition =>
  named(Number.parseInt(routingDigits(id), 16) % layout.partitions, layout);

/** The Redis Cluster hash tag that keeps all keys of one partition in one slot. */
export const hashTag = (partition: Partition): string => `{${partition}}`;
