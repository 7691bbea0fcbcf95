import { v7 } from 'uuid';

const pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Whether a text is an id in the one form this system writes: a lower-case UUID. Anything else names nothing. */
export const isId = (text: string): boolean => pattern.test(text);

/** The last four hex digits of an id. They decide the partition of everything that belongs to one user. */
export const routingDigits = (id: string): string => id.slice(-4);

/** Random bytes, drawn many at a time: for each id alone, that would be most of what the id costs. */
const drawn = new Uint8Array(256 * 16);
let used = drawn.length;

function randomBytes(): Uint8Array {
  if (used === drawn.length) {
    crypto.getRandomValues(drawn);
    used = 0;
  }
  used += 16;
  return drawn.subarray(used - 16, used);
}

/**
 * The millisecond of the last id, and its number within it, of 32 bits; a new millisecond begins at a random one below
 * half.
 */
let msecs = 0;
let seq = 0;

function nextId(): string {
  const random = randomBytes();
  const now = Date.now();
  if (now > msecs) {
    msecs = now;
    seq = new DataView(random.buffer, random.byteOffset).getUint32(0) >>> 1;
  } else {
    seq += 1;
  }
  return v7({ random, msecs, seq });
}

/**
 * A new UUIDv7. Ids made by one process sort by time of creation, also within a millisecond.
 * @param digits four hex digits to route by; random when left out
 */
export function newId(digits?: string): string {
  const id = nextId();
  return digits === undefined ? id : id.slice(0, -4) + digits;
}
