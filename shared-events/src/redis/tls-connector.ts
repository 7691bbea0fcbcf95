import { nextTick } from 'node:process';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { AbstractConnector } from 'ioredis';

interface TlsOptions {
  host: string;
  port: number;
  tls: ConnectionOptions;
  disconnectTimeout: number;
}

/**
 * Makes a connection over TLS as ioredis does by itself, but for one thing: however many errors it has, none ends the
 * process. ioredis listens for one, and a second can follow: a certificate is refused here, and the other side says that
 * it did not understand, because the connection was given up while it was being made.
 */
export class TlsConnector extends AbstractConnector {
  readonly #options: TlsOptions;

  constructor(options: unknown) {
    const given = options as TlsOptions;
    super(given.disconnectTimeout);
    this.#options = given;
  }

  override async connect(): Promise<TLSSocket> {
    this.connecting = true;
    const { host, port, tls } = this.#options;
    // Whoever asked for it may think better of it at once.
    await new Promise<void>((resolve) => nextTick(resolve));
    if (!this.connecting) throw new Error('Connection is closed.');
    const stream = connect({ host, port, ...tls });
    stream.once('error', (error) => {
      this.firstError = error;
    });
    stream.on('error', () => undefined);
    this.stream = stream;
    return stream;
  }
}
