import type { Pool } from 'undici';
import type { RequestContext } from '../events/entry.ts';
import { Failure } from '../failure.ts';
import { inSpan, isTracing, traceparentOf } from '../tracing.ts';
import { contextHeaders } from './context.ts';

/** How long another service may take until its answer begins, and between two pieces of it, in milliseconds. */
const answerTimeout = 2000;

/**
 * How long an idle connection is kept, in milliseconds, whatever the other service offers: much shorter than it keeps
 * them itself, so that it never closes one while a request is on its way.
 */
const idleTimeout = 1000;

export interface ServiceAnswer {
  status: number;
  contentType: string;
  etag: string;
  body: AsyncIterable<Buffer> & { text(): Promise<string>; dump(): Promise<void> };
}

export interface ServiceClient {
  /**
   * Asks the service for a path of its own; once more if the connection is cut before an answer, as by a gateway
   * that is reloaded. Follows no redirect. Fails with `upstream_timeout` if the answer has not begun after two
   * seconds, else with `upstream_failed`. The signal ends the request and the reading of its body, which must be read
   * to its end, dumped, or ended so.
   */
  get(path: string, context: RequestContext, signal: AbortSignal): Promise<ServiceAnswer>;
  close(): Promise<void>;
}

interface ServiceClientOptions {
  /** how messages call the service */
  name: string;
  base: string;
  /** The most bytes an answer may have; -1, the default, for no limit. */
  maxResponseSize?: number;
}

/**
 * A client of another service, with as many connections as it has requests under way: none waits for another. While
 * tracing, each request is a span that the service's own is below.
 */
export const serviceClient = (options: ServiceClientOptions): ServiceClient =>
  tracedClient(options.name, untracedClient(options));

function untracedClient({ name, base, maxResponseSize = -1 }: ServiceClientOptions): ServiceClient {
  const { origin, pathname } = new URL(base);
  const prefix = pathname.replace(/\/$/, '');
  let opened: Promise<Pool> | undefined;
  // undici is a quarter of all modules of a service, and many a service asks another seldom or never.
  const open = async (): Promise<Pool> => {
    const { Pool } = await import('undici');
    return new Pool(origin, {
      bodyTimeout: answerTimeout,
      connect: { timeout: answerTimeout },
      keepAliveTimeout: idleTimeout,
      keepAliveMaxTimeout: idleTimeout,
      maxResponseSize,
    });
  };
  return {
    async get(path, from, signal) {
      const ending = new AbortController();
      const end = () => ending.abort();
      let late = false;
      const timer = setTimeout(() => {
        late = true;
        end();
      }, answerTimeout);
      if (signal.aborted) end();
      else signal.addEventListener('abort', end, { once: true });
      const request = {
        method: 'GET',
        path: prefix + path,
        headers: contextHeaders(from),
        signal: ending.signal,
      } as const;
      try {
        opened ??= open();
        const pool = await opened;
        const { statusCode, headers, body } = await pool.request(request).catch((error: unknown) => {
          if (!wasCut(error)) throw error;
          return pool.request(request);
        });
        const { etag = '', 'content-type': contentType } = headers;
        return { status: statusCode, contentType: String(contentType), etag: String(etag), body };
      } catch (cause) {
        if (late) {
          throw new Failure('upstream_timeout', `The ${name} did not answer in time.`, { cause });
        }
        throw new Failure('upstream_failed', `The ${name} cannot be reached.`, { cause });
      } finally {
        clearTimeout(timer);
      }
    },
    close: async () => (await opened)?.destroy(),
  };
}

const wasCut = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && ['UND_ERR_SOCKET', 'ECONNRESET'].includes(String(error.code));

/**
 * Returns a client each of whose requests is a span that the service's own is below. The client itself while
 * tracing is off.
 */
function tracedClient(name: string, client: ServiceClient): ServiceClient {
  if (!isTracing()) return client;
  return {
    ...client,
    get: (path, context, signal) =>
      inSpan(
        {
          name: `GET ${name}`,
          kind: 'client',
          parent: context.trace,
          attributes: { 'http.request.method': 'GET', 'url.path': path, 'peer.service': name },
        },
        async (span) => {
          const answer = await client.get(path, { ...context, trace: traceparentOf(span) }, signal);
          span.setAttribute('http.response.status_code', answer.status);
          return answer;
        },
      ),
  };
}
