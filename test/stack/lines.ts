import type { Readable } from 'node:stream';

/** Passes on each line of a stream of text, without its end. Cheaper than node:readline: it is done with every request. */
export function eachLine(stream: Readable, take: (line: string) => void): void {
  let begun = '';
  stream.setEncoding('utf8').on('data', (text: string) => {
    const lines = (begun + text).split('\n');
    begun = lines.pop() as string;
    for (const line of lines) take(line);
  });
  stream.once('end', () => begun && take(begun));
}
