import { field, type RawEntry } from '../events/entry.ts';
import type { KeptProjection } from '../streams/projection.ts';
import type { Handler } from '../streams/reaction.ts';
import { inSpan, isTracing } from '../tracing.ts';

/** Most links of one span to the events of its batch. */
const maxLinks = 128;

const traceOf = (entry: RawEntry): string => field(entry, 'trace') ?? '';

/**
 * Returns a handler whose work for an entry is a span below the one that appended the entry, each try one of its own.
 * The handler itself while tracing is off.
 */
export function tracedHandler(group: string, stream: string, handle: Handler): Handler {
  if (!isTracing()) return handle;
  return (entry, handling) =>
    inSpan(
      {
        name: `${group} ${field(entry, 'type')}`,
        kind: 'consumer',
        parent: traceOf(entry),
        attributes: {
          'messaging.system': 'redis',
          'messaging.operation.type': 'process',
          'messaging.destination.name': stream,
          'messaging.consumer.group.name': group,
          'messaging.message.id': entry[0],
        },
      },
      () => handle(entry, handling),
    );
}

/**
 * Returns a projection whose batches are spans with links to the ones that appended its entries, to the last 128 of
 * them. The projection itself while tracing is off.
 */
export function tracedProjection(projection: KeptProjection): KeptProjection {
  if (!isTracing()) return projection;
  const { name, stream } = projection;
  return {
    ...projection,
    apply: (from, batch) =>
      inSpan(
        {
          name: `${name} apply`,
          kind: 'consumer',
          links: batch.slice(-maxLinks).map(traceOf),
          attributes: {
            'messaging.system': 'redis',
            'messaging.operation.type': 'process',
            'messaging.destination.name': stream,
            'messaging.batch.message_count': batch.length,
          },
        },
        () => projection.apply(from, batch),
      ),
  };
}
