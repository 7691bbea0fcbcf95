import { isId } from '../events/ids.ts';
import { Failure } from '../failure.ts';
import type { Stored } from '../records/records.ts';
import type { RouteContext } from './route.ts';

/** How the routes of one kind of document find it: what is not there fails with `<noun>_not_found`. */
export function resource(noun: string) {
  const notFound = () => new Failure(`${noun}_not_found`, `There is no ${noun} with this id.`);
  return {
    /** The id in the path. What is no id names nothing, and never becomes part of a key. */
    idIn({ params }: RouteContext): string {
      if (params.id === undefined || !isId(params.id)) throw notFound();
      return params.id;
    },
    found(stored: Stored | undefined): Stored {
      if (stored === undefined) throw notFound();
      return stored;
    },
  };
}
