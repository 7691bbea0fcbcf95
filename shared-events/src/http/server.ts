import { randomUUID } from 'node:crypto';
import { createServer, type RequestListener, STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { problem } from './problems.ts';

export interface Server {
  port: number;
  /** Stops accepting and lets requests under way finish; what is not finished after seven seconds is cut off. */
  stop(): Promise<void>;
}

/** How long requests under way may take to finish when the server stops, in milliseconds. */
const finishDeadline = 7000;

/**
 * Listens on a port. Idle connections are kept longer than the gateway keeps them (60 s), so that it never sends a
 * request into one that is being closed.
 */
export async function listen(handler: RequestListener, port: number, host: string): Promise<Server> {
  let stopping: Promise<void> | undefined;
  const server = createServer(
    {
      keepAliveTimeout: 75_000,
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      connectionsCheckingInterval: 5_000,
    },
    (request, response) => {
      if (stopping) response.setHeader('Connection', 'close');
      response.once('close', () => {
        if (stopping) server.closeIdleConnections();
      });
      handler(request, response);
    },
  );
  server.on('clientError', refuse);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve);
  });

  async function stop(): Promise<void> {
    const late = setTimeout(() => server.closeAllConnections(), finishDeadline);
    await new Promise((resolve) => server.close(resolve));
    clearTimeout(late);
  }

  return {
    port: (server.address() as AddressInfo).port,
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
  };
}

const refusals: Record<string, string> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  HPE_INVALID_METHOD: 'not_implemented',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
};

/** Answers what could not be read as a request, as a problem like any other. */
function refuse(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const requestId = randomUUID();
  const code = refusals[error.code ?? ''] ?? 'bad_request';
  const { status, body } = problem({ code, detail: 'This cannot be read as a request.' }, requestId);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${requestId}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
