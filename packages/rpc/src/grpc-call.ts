// One call at a server: a stream of HTTP/2 → a stream of messages both ways, which ends with a status.
// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
import { constants, type IncomingHttpHeaders, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { Metadata, type MethodDefinition } from '@grpc/grpc-js';
import { GrpcError, type GrpcStatus, STATUS, statusOf, statusTrailers } from './grpc-status.ts';
import { framed, type MessageBytes, MessageReader } from './message-frames.ts';
import { timeoutMs } from './grpc-timeout.ts';

/** Who is at the other end of the connection. */
export interface AuthContext {
  /** Shown by the caller, and verified against the server's client roots. */
  readonly sslPeerCertificate?: { readonly raw: Buffer };
}

export interface GrpcCallOptions {
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;
  readonly method: MethodDefinition<unknown, unknown>;
  readonly maxReceiveBytes: number;
}

const HEAD: OutgoingHttpHeaders = {
  ':status': 200,
  'content-type': 'application/grpc',
  'grpc-accept-encoding': 'identity,deflate,gzip',
};

/**
 * Requests are read, responses are written, `end` ends it well, and an `error` event ends it with the error's `code` and
 * `details`. The callback of a write comes when the response has left. Emits `cancelled` when the caller, its connection
 * or its deadline gave the call up.
 */
export class GrpcCall<Request = unknown, Response = unknown> extends Duplex {
  readonly metadata: Metadata;
  /** Of a call with one request, before its handler is called. */
  request!: Request;
  cancelled = false;
  readonly #stream: ServerHttp2Stream;
  readonly #peer: string;
  readonly #method: MethodDefinition<Response, Response>;
  readonly #reader: MessageReader;
  readonly #deadline: NodeJS.Timeout | undefined;
  /** What it ends with when all that was written has left. */
  #verdict: GrpcStatus = { code: STATUS.OK, details: '' };
  /** Undefined until the call has ended from this side. */
  #status: GrpcStatus | undefined;

  constructor({ stream, headers, method, maxReceiveBytes }: GrpcCallOptions) {
    super({ objectMode: true });
    this.#stream = stream;
    const { remoteAddress, remotePort } = stream.session?.socket ?? {};
    this.#peer = remoteAddress === undefined ? 'unknown' : `${remoteAddress}:${remotePort}`;
    this.#method = method as MethodDefinition<Response, Response>;
    this.#reader = new MessageReader(String(headers['grpc-encoding'] ?? 'identity'), maxReceiveBytes);
    this.metadata = Metadata.fromHttp2Headers(headers);
    const timeout = timeoutMs(headers['grpc-timeout']);
    this.#deadline = timeout === undefined ? undefined : setTimeout(() => this.#expire(), timeout);
    this.on('error', (error) => this.#fail(error));
    this.#follow(stream);
  }

  /** `address:port`, or `unknown` for a Unix socket. */
  getPeer(): string {
    return this.#peer;
  }

  getAuthContext(): AuthContext {
    const { session } = this.#stream;
    const socket: unknown = session && !session.destroyed ? session.socket : undefined;
    if (!(socket instanceof TLSSocket) || !socket.authorized) return {};
    const certificate = socket.getPeerCertificate();
    // Node answers with an empty object where none was shown.
    return (certificate.raw as Buffer | undefined) ? { sslPeerCertificate: certificate } : {};
  }

  /** The one response of a call, and its end. */
  answer(response: Response): void {
    if (this.#isOver) return;
    this.#respond();
    this.#status = this.#verdict;
    this.#send(response);
    this.#stream.end();
  }

  override _read(): void {
    this.#stream.resume();
  }

  override _write(response: Response, _encoding: BufferEncoding, done: () => void): void {
    if (this.#isOver) return done();
    this.#respond();
    this.#send(response, done);
  }

  override _final(done: () => void): void {
    this.#finish(this.#verdict);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearTimeout(this.#deadline);
    if (!this.#status) this.#stream.close();
    done(error);
  }

  get #isOver(): boolean {
    return this.#status !== undefined || this.#stream.destroyed || this.#stream.closed;
  }

  #follow(stream: ServerHttp2Stream): void {
    stream.on('data', (bytes: Buffer) => this.#receive(bytes));
    // Comes before the end of what was read: a call that was given up has not ended well.
    stream.once('aborted', () => this.#cancel());
    stream.once('end', () => this.push(null));
    stream.once('wantTrailers', () => stream.sendTrailers(statusTrailers(this.#status!)));
    // What is wrong with the connection shows in the end of the stream.
    stream.on('error', () => {});
    stream.once('close', () => this.#closed());
  }

  #receive(bytes: Buffer): void {
    if (this.#isOver) return;
    try {
      for (const message of this.#reader.read(bytes)) this.#take(message);
    } catch (error) {
      this.emit('error', error);
    }
  }

  #take(message: Buffer): void {
    if (!this.push(this.#decoded(message))) this.#stream.pause();
  }

  #decoded(message: Buffer): unknown {
    try {
      return this.#method.requestDeserialize(message);
    } catch (cause) {
      throw new GrpcError(STATUS.INTERNAL, 'the request cannot be read', { cause });
    }
  }

  #respond(): void {
    if (!this.#stream.headersSent) this.#stream.respond(HEAD, { waitForTrailers: true });
  }

  #send(response: Response, done: () => void = () => {}): void {
    const parts = framed(this.#method.responseSerialize(response) as MessageBytes);
    const last = parts.length - 1;
    this.#stream.cork();
    for (const [index, part] of parts.entries()) this.#stream.write(part, index === last ? () => done() : undefined);
    this.#stream.uncork();
  }

  #fail(error: unknown): void {
    this.#verdict = statusOf(error);
    this.end();
  }

  #finish(status: GrpcStatus): void {
    clearTimeout(this.#deadline);
    if (this.#isOver) return;
    this.#status = status;
    if (this.#stream.headersSent) this.#stream.end();
    else this.#stream.respond({ ...HEAD, ...statusTrailers(status) }, { endStream: true });
    // Whatever still comes is not read.
    this.#stream.resume();
  }

  #expire(): void {
    this.#finish({ code: STATUS.DEADLINE_EXCEEDED, details: 'deadline exceeded' });
    this.#cancel();
  }

  #closed(): void {
    if (this.#status && this.#stream.rstCode === constants.NGHTTP2_NO_ERROR) this.destroy();
    else this.#cancel();
  }

  #cancel(): void {
    if (this.cancelled) return;
    this.cancelled = true;
    this.emit('cancelled', 'cancelled');
    this.destroy();
  }
}
