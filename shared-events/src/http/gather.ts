import { Readable } from 'node:stream';

/** Up to how many bytes an answer is gathered before it goes out. */
const most = 64 * 1024;

/**
 * The body of an answer whose JSON comes in pieces: a short one as a whole, so that it goes out at once and what fails
 * still decides the status; a longer one as a stream, read as the client takes it.
 */
export async function gather(pieces: AsyncIterable<Buffer | string>): Promise<string | Readable> {
  const rest = pieces[Symbol.asyncIterator]();
  const gathered: Buffer[] = [];
  for (let size = 0; size < most; ) {
    const { done, value } = await rest.next();
    if (done) return Buffer.concat(gathered).toString();
    const piece = Buffer.from(value);
    gathered.push(piece);
    size += piece.length;
  }
  return Readable.from(joined(gathered, { [Symbol.asyncIterator]: () => rest }));
}

async function* joined(gathered: Buffer[], rest: AsyncIterable<Buffer | string>) {
  yield Buffer.concat(gathered);
  yield* rest;
}
