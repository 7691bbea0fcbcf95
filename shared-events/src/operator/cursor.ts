import { allStreams } from '../events/streams.ts';
import { Failure } from '../failure.ts';
import type { Positions } from '../streams/entries.ts';

// What a client hands back to go on: the position in every stream, in their order. The time of the latest is written in
// full, those of the others as what they are behind it, all in base 36; `-n` follows if a sequence number is not 0.

/** A position in every stream, in their order, and the cursor that stands for it. */
export interface Position {
  ids: Positions;
  cursor: string;
}

/** Returns a position with its cursor. */
export const positionAt = (ids: Positions): Position => ({ ids, cursor: encodeCursor(ids) });

const whole = /^[0-9a-z]{1,12}$/;

/** Returns the positions as a text of few characters that may stand in a header and in an address. */
export function encodeCursor(positions: Positions): string {
  const parts = [...positions.values()].map((id) => id.split('-').map(BigInt) as [bigint, bigint]);
  const latest = parts.reduce((most, [ms]) => (ms > most ? ms : most), 0n);
  const behind = parts.map(
    ([ms, sequence]) => (latest - ms).toString(36) + (sequence === 0n ? '' : `-${sequence.toString(36)}`),
  );
  return [latest.toString(36), ...behind].join('.');
}

/**
 * Returns the positions that a cursor stands for. One that was given out when there were fewer partitions holds for those
 * that took from each: `isOlder` tells that there need not be an entry at a position. Fails with `invalid_cursor` if it
 * is none of these streams.
 */
export function decodeCursor(
  cursor: string,
  streams: readonly string[],
): { positions: Positions; isOlder: boolean } {
  const [latest = '', ...behind] = cursor.split('.');
  // A part for each stream of each partition.
  const isWhole = behind.length > 0 && behind.length % allStreams.length === 0;
  if (!isWhole || streams.length % behind.length !== 0) throw invalid();
  const top = number(latest);
  const ids = behind.map((part) => idBehind(top, part));
  return {
    positions: new Map(streams.map((stream, at) => [stream, ids[at % ids.length] as string])),
    isOlder: ids.length < streams.length,
  };
}

function idBehind(top: bigint, part: string): string {
  const [ms = '', sequence = '0'] = part.split('-');
  const time = top - number(ms);
  if (time < 0n) throw invalid();
  return `${time}-${number(sequence)}`;
}

function number(text: string): bigint {
  if (!whole.test(text)) throw invalid();
  return [...text].reduce((value, digit) => value * 36n + BigInt(Number.parseInt(digit, 36)), 0n);
}

const invalid = () =>
  new Failure('invalid_cursor', 'This is no position that a feed of these streams has given out.');
