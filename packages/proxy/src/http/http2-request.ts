// Serves one stream of an HTTP/2 connection: its request in the form that all of the proxy knows, its response back.
import {
  CHUNKED,
  type Headers,
  type Http2Stream,
  type Http2StreamHandler,
  type PseudoFields,
  type RequestHead,
} from '@meltemi/wire';
import { ConnectionTimeouts } from './connection-timeouts.ts';
import { Http2Response } from './http2-response.ts';
import type { HttpSite } from './http-site.ts';
import { HttpStream } from './http-stream.ts';
import { HEAD_TOO_LARGE, INTERNAL_ERROR, REQUEST_TIMEOUT, STREAM_TIMEOUT } from './local-reply.ts';
import type { ClientFacts } from './request-headers.ts';
import type { ConnectionEntry } from './stream-entry.ts';
import type { StreamOwner } from './stream-owner.ts';

/** What the requests of a connection share. */
export interface Http2Client {
  readonly site: HttpSite;
  readonly client: ClientFacts;
  readonly entry: ConnectionEntry;
  /** The request is over; the object may serve another. */
  requestOver(request: Http2Request): void;
}

/** For one request after the other. */
export class Http2Request implements StreamOwner, Http2StreamHandler {
  readonly site: HttpSite;
  readonly client: ClientFacts;
  readonly entry: ConnectionEntry;
  readonly writer: Http2Response;
  readonly #trailers: boolean;
  readonly #connection: Http2Client;
  readonly #stream: HttpStream;
  readonly #timeouts: ConnectionTimeouts;
  #http2: Http2Stream | undefined;
  /** The protocol was switched: bytes go both ways. */
  #tunnel = false;

  constructor(connection: Http2Client) {
    this.site = connection.site;
    this.client = connection.client;
    this.entry = connection.entry;
    this.#connection = connection;
    // A request of HTTP/1.1 that came as a stream follows the rules of HTTP/1.1.
    this.#trailers = this.entry.http2 || this.site.settings.http1.trailers;
    this.writer = new Http2Response(this.#trailers);
    this.#stream = new HttpStream(this);
    this.#timeouts = new ConnectionTimeouts(this.site.clock, this.site.settings.timeouts, () => this.#onDeadline());
  }

  begin(stream: Http2Stream): void {
    this.#http2 = stream;
    stream.handler = this;
    this.writer.begin(stream);
  }

  /** Its head was larger than the limits. */
  refuse(): void {
    this.#stream.fail(HEAD_TOO_LARGE);
  }

  /** The connection is gone: timers go too. */
  close(): void {
    this.#timeouts.close();
    this.#stream.close();
  }

  onHead(pseudo: PseudoFields, headers: Headers, endStream: boolean): void {
    if (pseudo.kind === 'response') return;
    const now = this.site.clock.monotonic();
    this.#timeouts.requestBegan(now);
    this.touch(now);
    headers.append('host', pseudo.authority);
    const { method, authority, path = authority, protocol } = pseudo;
    try {
      if (method === 'CONNECT') return this.#startSwitch(path, headers, protocol, now);
      this.#stream.start(requestHead(method, path, headers, endStream), now);
    } catch (failure) {
      this.#failed(failure);
    }
  }

  onInformational(): void {
    // A request has none.
  }

  onBody(chunk: Buffer): void {
    this.touch(this.site.clock.monotonic());
    this.#stream.requestBody(chunk);
  }

  onEnd(trailers: Headers | undefined): void {
    this.#timeouts.requestEnded();
    this.#stream.requestEnd(this.#trailers ? trailers : undefined);
  }

  onReset(): void {
    this.#stream.clientGone();
  }

  onDrain(): void {
    this.#stream.drained();
  }

  touch(now: number): void {
    this.#timeouts.stream(now, this.#stream.idleTimeoutMs);
  }

  pauseRequest(): void {
    this.#http2?.pauseReading();
  }

  resumeRequest(): void {
    this.#http2?.resumeReading();
  }

  /** The connection always does: how it ends is not said by responses. */
  keepsAlive(): boolean {
    return true;
  }

  startTunnel(): void {
    this.#tunnel = true;
  }

  abort(): void {
    this.#http2?.reset('INTERNAL_ERROR');
  }

  streamEnded(now: number): void {
    const stream = this.#http2;
    if (!stream) return;
    // What is left of the answer waits in the stream; a body that nobody wants any more must not come.
    stream.handler = ENDED;
    stream.resumeReading();
    if (!this.#stream.requestEnded || this.#tunnel) stream.reset('NO_ERROR');
    this.#tunnel = false;
    this.#http2 = undefined;
    this.#timeouts.requestEnded();
    this.#timeouts.stream(now, 0);
    this.#connection.requestOver(this);
  }

  /** With a protocol (RFC 8441) it is what HTTP/1.1 asks by `upgrade`. The request is whole; what follows is the tunnel's. */
  #startSwitch(path: string, headers: Headers, upgrade: string | undefined, now: number): void {
    const head = requestHead(upgrade === undefined ? 'CONNECT' : 'GET', path, headers, true);
    this.#stream.start({ ...head, upgrade }, now);
    this.#timeouts.requestEnded();
    this.#stream.requestEnd(undefined);
  }

  #onDeadline(): void {
    const { stats, clock } = this.site;
    if (this.#timeouts.requestOverdue(clock.monotonic())) {
      stats.rqTimeout.increment();
      return this.#stream.fail(REQUEST_TIMEOUT);
    }
    stats.rqIdleTimeout.increment();
    this.#stream.fail({ ...STREAM_TIMEOUT, status: this.#stream.requestEnded ? 504 : 408 });
  }

  #failed(failure: unknown): void {
    const why = failure instanceof Error ? (failure.stack ?? failure.message) : 'unknown';
    this.site.logger.error(`request failed: ${why}`);
    this.#stream.fail(INTERNAL_ERROR);
  }
}

const ENDED: Http2StreamHandler = {
  onHead: ignore,
  onInformational: ignore,
  onBody: ignore,
  onEnd: ignore,
  onReset: ignore,
  onDrain: ignore,
};

function ignore(): void {
  // The request is over.
}

function requestHead(method: string, target: string, headers: Headers, endStream: boolean): RequestHead {
  const length = headers.get('content-length');
  return {
    method,
    target,
    version: 11,
    headers,
    bodyLength: endStream ? 0 : length === undefined ? CHUNKED : Number(length),
    keepAlive: true,
    upgrade: undefined,
    expectContinue: headers.get('expect')?.toLowerCase() === '100-continue',
  };
}
