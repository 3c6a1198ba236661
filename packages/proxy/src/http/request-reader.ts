// Feeds a connection's bytes to the parser while a request may be read, and keeps the rest until the next one may.
import {
  type Headers,
  type Http1Error,
  type RequestHandler,
  type RequestHead,
  RequestParser,
  type Transport,
} from '@meltemi/wire';
import type { HttpSettings } from './http-settings.ts';

/** What a client sent ahead is kept up to this; more is left to the socket. */
const AHEAD_LIMIT = 64 * 1024;
const NOTHING = Buffer.alloc(0);

/** The connection that is read. */
export interface ReadConnection {
  /** The next bytes are of a request that is read now, or may begin. */
  readonly readsRequests: boolean;
  onRequestHead(head: RequestHead): void;
  onRequestBody(chunk: Buffer): void;
  onRequestEnd(trailers: Headers | undefined): void;
  onMalformed(error: Http1Error): void;
  /** The parser has what it may take; `rest` was left. True: the rest is nobody's request, and was seen to. */
  onFed(rest: Buffer): boolean;
}

/** How heads are read. */
type HeadSettings = Pick<HttpSettings, 'limits' | 'http1'>;

/** One a connection. */
export class RequestReader {
  readonly #connection: ReadConnection;
  readonly #transport: Transport;
  readonly #parser: RequestParser;
  /** What came ahead, copied. */
  #ahead: Buffer | undefined;
  #feeding = false;
  #paused = false;

  constructor(connection: ReadConnection, transport: Transport, { limits, http1 }: HeadSettings) {
    this.#connection = connection;
    this.#transport = transport;
    this.#parser = new RequestParser(requestsOf(connection), limits, http1.memory);
  }

  /** Nothing of a next request is here. */
  get idle(): boolean {
    return this.#parser.idle;
  }

  read(bytes: Buffer): void {
    if (this.#connection.readsRequests) this.#feed(bytes);
    else this.#keep(bytes);
  }

  /** The request is whole and not answered: the next one waits. */
  hold(): void {
    this.#parser.pause();
  }

  /** The next request may come. */
  next(): void {
    this.#parser.resume();
    if (this.#ahead) this.readAhead();
    else this.resume();
  }

  /** Goes on with what came ahead, where that may be read. */
  readAhead(): void {
    if (!this.#ahead || this.#feeding || !this.#connection.readsRequests) return;
    const bytes = this.#ahead;
    this.#ahead = undefined;
    this.resume();
    this.#feed(bytes);
  }

  /** What came ahead and is no request. */
  takeAhead(): Buffer | undefined {
    const bytes = this.#ahead;
    this.#ahead = undefined;
    return bytes;
  }

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#transport.pauseReading();
  }

  resume(): void {
    if (!this.#paused || (this.#ahead && this.#ahead.length > AHEAD_LIMIT)) return;
    this.#paused = false;
    this.#transport.resumeReading();
  }

  #feed(bytes: Buffer): void {
    let rest = bytes;
    this.#feeding = true;
    while (rest.length > 0 && this.#connection.readsRequests) {
      const taken = this.#parser.execute(rest);
      // The fast path: nearly every read is one request.
      rest = taken === rest.length ? NOTHING : rest.subarray(taken);
      if (taken === 0) break;
    }
    this.#feeding = false;
    if (!this.#connection.onFed(rest) && rest.length > 0) this.#keep(rest);
  }

  #keep(bytes: Buffer): void {
    this.#ahead = this.#ahead ? Buffer.concat([this.#ahead, bytes]) : Buffer.from(bytes);
    if (this.#ahead.length > AHEAD_LIMIT) this.pause();
  }
}

/** The parser's events under other names: a transport has an `onEnd` of its own. */
function requestsOf(connection: ReadConnection): RequestHandler {
  return {
    onHead: (head) => connection.onRequestHead(head),
    onBody: (chunk) => connection.onRequestBody(chunk),
    onEnd: (trailers) => connection.onRequestEnd(trailers),
    onError: (error) => connection.onMalformed(error),
  };
}
