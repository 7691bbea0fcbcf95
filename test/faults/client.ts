import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { text } from 'node:stream/consumers';

/** A request that was made, and what came of it. */
export interface Attempt {
  method: string;
  path: string;
  requestId: string;
  /** The status of the answer; `cut` where the connection ended without one, `hung` where none came within 8 s. */
  status: number | 'cut' | 'hung';
  headers: IncomingHttpHeaders;
  text: string;
  /** When it was made, by `performance.now()`, and how long it took, in milliseconds. */
  at: number;
  ms: number;
  /** Which client of the load made it. */
  client?: number;
}

const requestTimeout = 8000;

/** A connection for each request: one that is kept may be closed by the other side just as it is used again. */
const agent = new Agent({ keepAlive: false });

/** Makes one request and waits for what comes of it. Never fails. */
export async function attempt(
  base: string,
  method: string,
  path: string,
  { json, headers = {} }: { json?: unknown; headers?: Record<string, string> } = {},
): Promise<Attempt> {
  const requestId = crypto.randomUUID();
  const body = json === undefined ? undefined : JSON.stringify(json);
  const start = performance.now();
  const made = { method, path, requestId, at: start, headers: {}, text: '' };
  try {
    const { promise, resolve, reject } =
      Promise.withResolvers<Pick<Attempt, 'status' | 'headers' | 'text'>>();
    const sent = request(base + path, {
      agent,
      method,
      headers: {
        'X-Request-Id': requestId,
        ...(body !== undefined && {
          'Content-Type': 'application/json',
          'Content-Length': Buffer.byteLength(body),
        }),
        ...headers,
      },
      signal: AbortSignal.timeout(requestTimeout),
    });
    sent.once('error', reject);
    sent.once('response', (answer) => {
      const { statusCode: status = 0, headers } = answer;
      text(answer).then((content) => resolve({ status, headers, text: content }), reject);
    });
    sent.end(body);
    return { ...made, ...(await promise), ms: performance.now() - start };
  } catch (error) {
    const { name } = error as Error;
    const status = name === 'AbortError' || name === 'TimeoutError' ? 'hung' : 'cut';
    return { ...made, status, ms: performance.now() - start };
  }
}
