import { type RawEntry, subjectOf } from '../events/entry.ts';
import { routingDigits } from '../events/ids.ts';
import { type Layout, type Partition, partitionsOf } from '../events/layout.ts';
import { Failure } from '../failure.ts';

/** From which layout to which data goes. Each partition of the new one takes from a single one of the old. */
export interface Change {
  from: Layout;
  to: Layout;
}

/** Fails with `no_multiple` if a partition of the new layout would take from several: their ids would meet. */
export function refuseOtherThanMultiple({ from, to }: Change): void {
  if (to.partitions % from.partitions === 0) return;
  throw new Failure(
    'no_multiple',
    `The data has ${from.partitions} partitions, and ${to.partitions} is no multiple of that.`,
  );
}

/** A partition, and those of the new layout that take from it. */
export interface Source {
  partition: Partition;
  homes: Partition[];
  /** Returns which of them takes what is about a subject; what names no subject goes to the first. */
  homeOf(subject: string): Partition;
}

/** Returns the partitions of the old layout with those that take from each. */
export function sourcesOf({ from, to }: Change): Source[] {
  const all = partitionsOf(to);
  return partitionsOf(from).map((partition, own) => {
    const homes = all.filter((_, number) => number % from.partitions === own);
    const homeOf = (subject: string) => {
      const number = Number.parseInt(routingDigits(subject), 16) % to.partitions;
      return (number % from.partitions === own ? all[number] : homes[0]) as Partition;
    };
    return { partition, homes, homeOf };
  });
}

/** Returns the partition of the new layout that takes an entry. */
export const homeOfEntry = ({ homeOf }: Source, entry: RawEntry): Partition => homeOf(subjectOf(entry));
