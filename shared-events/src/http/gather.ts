import { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** Up to how many characters an answer is gathered before it goes out. */
const maxGathered = 64 * 1024;

/**
 * The body of an answer whose text comes in pieces: a short one as a whole, so that it goes out at once and what fails
 * still decides the status; a longer one as a stream, read as the client takes it.
 */
export async function gather(pieces: AsyncIterable<Buffer | string>): Promise<string | Readable> {
  const rest = textOf(pieces);
  let gathered = '';
  while (gathered.length < maxGathered) {
    const { done, value } = await rest.next();
    if (done) return gathered;
    gathered += value;
  }
  const stream = Readable.from(joined(gathered, rest));
  // A stream that nobody reads, as for HEAD, does not begin with the rest, and so would never let go of it.
  stream.once('close', () => rest.return(undefined).catch(() => undefined));
  return stream;
}

/** The same pieces as text; a character may lie across two of them. */
async function* textOf(pieces: AsyncIterable<Buffer | string>): AsyncGenerator<string> {
  const decoder = new StringDecoder();
  for await (const piece of pieces) yield typeof piece === 'string' ? piece : decoder.write(piece);
}

async function* joined(gathered: string, rest: AsyncIterable<string>): AsyncGenerator<string> {
  yield gathered;
  yield* rest;
}
