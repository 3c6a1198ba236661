// Serves HTTP/1.1 on one connection: bytes → requests, one stream at a time, kept alive, pipelined, drained, closed.
import {
  type Headers,
  highWaterMark,
  type Http1Error,
  type RequestHead,
  RequestParser,
  type Transport,
  type TransportHandler,
} from '@meltemi/wire';
import { Deadline } from './deadline.ts';
import type { HttpSite } from './http-site.ts';
import { HttpStream } from './http-stream.ts';
import {
  HEADERS_TIMEOUT,
  INTERNAL_ERROR,
  type LocalReply,
  reasonPhrase,
  REQUEST_TIMEOUT,
  STREAM_TIMEOUT,
} from './local-reply.ts';
import type { ClientFacts } from './request-headers.ts';
import { ResponseWriter } from './response-writer.ts';
import type { ConnectionEntry } from './stream-entry.ts';
import type { StreamOwner } from './stream-owner.ts';

/**
 * idle: between requests. head: the first bytes of a request came. stream: a request is served.
 * tunnel: after an upgrade, bytes go both ways. closing: the last answer is out, what still comes is thrown away.
 */
type Phase = 'idle' | 'head' | 'stream' | 'tunnel' | 'closing' | 'closed';

/** Pipelined bytes kept while a request is served; more is left to the socket. */
const PIPELINE_LIMIT = 64 * 1024;

export class DownstreamConnection implements TransportHandler, StreamOwner {
  readonly transport: Transport;
  readonly site: HttpSite;
  readonly client: ClientFacts;
  readonly entry: ConnectionEntry;
  readonly writer: ResponseWriter;
  readonly #parser: RequestParser;
  readonly #stream: HttpStream;
  readonly #deadline: Deadline;
  readonly #durationEnd: number;
  readonly #onGone: (connection: DownstreamConnection) => void;
  #phase: Phase = 'idle';
  #rest: Buffer | undefined;
  #feeding = false;
  #hasBody = false;
  #requestsServed = 0;
  #closeAfterResponse = false;
  #inputEnded = false;
  #readingPaused = false;
  #requestDue = 0;
  #idleSince: number;

  constructor(
    site: HttpSite,
    transport: Transport,
    client: ClientFacts,
    entry: ConnectionEntry,
    onGone: (connection: DownstreamConnection) => void,
  ) {
    this.site = site;
    this.transport = transport;
    this.client = client;
    this.entry = entry;
    this.#onGone = onGone;
    this.writer = new ResponseWriter(transport);
    this.#stream = new HttpStream(this);
    this.#parser = new RequestParser(this.#requestEvents(), site.settings.limits);
    this.#deadline = new Deadline(site.clock, () => this.#onDeadline());
    this.#idleSince = site.clock.monotonic();
    const { connectionDurationMs } = site.settings.timeouts;
    this.#durationEnd = connectionDurationMs > 0 ? this.#idleSince + connectionDurationMs : Number.POSITIVE_INFINITY;
    this.#waitFor(site.settings.timeouts.connectionIdleMs);
  }

  /** No request is served; since `idleSince`. */
  get idle(): boolean {
    return this.#phase === 'idle';
  }

  get idleSince(): number {
    return this.#idleSince;
  }

  onData(bytes: Buffer): void {
    if (this.#phase === 'closing' || this.#phase === 'closed') return;
    if (this.#phase === 'tunnel') return this.#stream.requestBody(bytes);
    if (!this.#readsRequests()) return this.#keep(bytes);
    this.#feed(bytes);
  }

  onEnd(): void {
    this.#inputEnded = true;
    if (this.#phase === 'tunnel') return this.#stream.requestEnd(undefined);
    if (this.#phase === 'stream' && this.#stream.requestEnded) return this.#probeClient();
    if (this.#phase === 'stream') this.#stream.clientGone();
    this.#close();
  }

  onDrain(): void {
    if (this.#phase === 'stream' || this.#phase === 'tunnel') this.#stream.drained();
    else if (this.#phase === 'idle') this.#feedRest();
  }

  onClose(): void {
    if (this.#phase === 'closed') return;
    const active = this.#phase === 'stream' || this.#phase === 'tunnel';
    this.#phase = 'closed';
    if (active && this.#stream.active) {
      this.site.stats.cxDestroyRemoteActive.increment();
      this.#stream.clientGone();
    }
    this.#deadline.close();
    this.#stream.close();
    this.#onGone(this);
  }

  /** The stream's response is out, or given up. */
  streamEnded(): void {
    if (this.#phase === 'tunnel') return this.#close();
    if (this.#phase !== 'stream') return;
    if (this.#stream.requestEnded) this.#nextRequest();
    // The answer came first: what is left of the body must not be taken for the next request.
    else if (this.#hasBody || this.#closeAfterResponse) this.#close();
  }

  /** Whether the connection stays after the response whose head is about to be written; the answer binds. */
  keepsAlive(head: RequestHead, requestComplete: boolean): boolean {
    const { maxRequestsPerConnection } = this.site.settings;
    const worn = maxRequestsPerConnection > 0 && this.#requestsServed >= maxRequestsPerConnection;
    const old = this.site.clock.monotonic() >= this.#durationEnd;
    const ends = !head.keepAlive || !requestComplete || worn || old || this.site.draining || this.#inputEnded;
    if (ends) this.#closeAfterResponse = true;
    return !this.#closeAfterResponse;
  }

  startTunnel(): void {
    this.#phase = 'tunnel';
    this.touch();
    const early = this.#rest;
    this.#rest = undefined;
    if (early) this.#stream.requestBody(early);
  }

  /** Something moved: the stream's idle timeout starts over. */
  touch(): void {
    this.#waitFor(this.#stream.idleTimeoutMs);
  }

  pauseRequest(): void {
    if (this.#readingPaused) return;
    this.#readingPaused = true;
    this.transport.pauseReading();
  }

  resumeRequest(): void {
    if (!this.#readingPaused || (this.#rest?.length ?? 0) > PIPELINE_LIMIT) return;
    this.#readingPaused = false;
    this.transport.resumeReading();
  }

  /** Closes in a way that the client can't take for the end of its response. */
  abort(endsWithConnection: boolean): void {
    this.#phase = 'closing';
    if (endsWithConnection) this.transport.reset();
    else this.transport.destroy();
  }

  /** Closes now. */
  destroy(): void {
    this.transport.destroy();
  }

  #requestEvents() {
    return {
      onHead: (head: RequestHead) => this.#onHead(head),
      onBody: (chunk: Buffer) => this.#onBody(chunk),
      onEnd: (trailers: Headers | undefined) => this.#onRequestEnd(trailers),
      onError: (error: Http1Error) => this.#onMalformed(error),
    };
  }

  #onHead(head: RequestHead): void {
    this.#phase = 'stream';
    this.#hasBody = head.bodyLength !== 0;
    this.#requestsServed++;
    const { requestMs } = this.site.settings.timeouts;
    this.#requestDue = requestMs > 0 ? this.site.clock.monotonic() + requestMs : 0;
    this.touch();
    try {
      this.#stream.start(head);
    } catch (failure) {
      this.#streamFailed(failure);
    }
  }

  #onBody(chunk: Buffer): void {
    if (this.#phase !== 'stream') return;
    this.touch();
    this.#stream.requestBody(chunk);
  }

  /** The request is whole; the parser waits unless its response is out already. */
  #onRequestEnd(trailers: Headers | undefined): void {
    if (this.#phase !== 'stream') return;
    this.#requestDue = 0;
    const answered = !this.#stream.active;
    this.#stream.requestEnd(trailers);
    if (answered) this.#nextRequest();
    else if (this.#stream.active) this.#parser.pause();
  }

  #onMalformed(error: Http1Error): void {
    if (this.#phase === 'closed' || this.#phase === 'closing') return;
    this.site.stats.cxProtocolError.increment();
    this.#closeAfterResponse = true;
    this.#phase = 'stream';
    this.#stream.fail(malformedReply(error));
  }

  #feed(bytes: Buffer): void {
    let rest = bytes;
    this.#feeding = true;
    while (rest.length > 0 && this.#readsRequests()) {
      const taken = this.#parser.execute(rest);
      rest = rest.subarray(taken);
      if (taken === 0) break;
    }
    this.#feeding = false;
    this.#afterFeeding(rest);
  }

  #afterFeeding(rest: Buffer): void {
    if (this.#phase === 'tunnel') {
      if (rest.length > 0) this.#stream.requestBody(rest);
      return;
    }
    if (this.#phase === 'closing' || this.#phase === 'closed') return;
    if (this.#phase === 'idle' && !this.#parser.idle) this.#expectHead();
    if (rest.length > 0) this.#keep(rest);
  }

  /** A client that doesn't read its answers gets no further request served. */
  #readsRequests(): boolean {
    if (this.#phase === 'idle') return this.transport.bytesQueued <= highWaterMark;
    return this.#phase === 'head' || (this.#phase === 'stream' && !this.#stream.requestEnded);
  }

  #expectHead(): void {
    this.#phase = 'head';
    const { requestHeadersMs, streamIdleMs } = this.site.settings.timeouts;
    this.#waitFor(requestHeadersMs || streamIdleMs);
  }

  #keep(bytes: Buffer): void {
    this.#rest = this.#rest ? Buffer.concat([this.#rest, bytes]) : Buffer.from(bytes);
    if (this.#rest.length > PIPELINE_LIMIT) this.pauseRequest();
  }

  #feedRest(): void {
    const rest = this.#rest;
    if (!rest || this.#feeding || this.transport.bytesQueued > highWaterMark) return;
    this.#rest = undefined;
    this.resumeRequest();
    this.#feed(rest);
  }

  #nextRequest(): void {
    if (this.#closeAfterResponse) return this.#close();
    this.#phase = 'idle';
    this.#idleSince = this.site.clock.monotonic();
    this.#waitFor(this.site.settings.timeouts.connectionIdleMs);
    this.#parser.resume();
    if (!this.#rest) return this.resumeRequest();
    this.#feedRest();
  }

  /** Sends what is queued and FIN, and reads on for a while: closing with unread bytes would reset what we sent. */
  #close(): void {
    if (this.#phase === 'closing' || this.#phase === 'closed') return;
    this.#phase = 'closing';
    this.#rest = undefined;
    this.writer.flush();
    this.transport.end();
    if (this.#readingPaused) this.transport.resumeReading();
    this.#waitFor(Math.max(1, this.site.settings.timeouts.delayedCloseMs));
  }

  /**
   * The client sends no more: half-closed and waiting, or gone. An interim response tells the two apart:
   * who waits takes it (RFC 9110 §15.2), who is gone answers with a reset.
   */
  #probeClient(): void {
    if (!this.#stream.responseBegan && this.#stream.entry.protocol === 'HTTP/1.1') {
      this.transport.write('HTTP/1.1 100 Continue\r\n\r\n');
    }
  }

  #waitFor(ms: number): void {
    if (ms > 0) this.#deadline.set(this.#earliest(this.site.clock.monotonic() + ms));
    else if (this.#requestDue > 0) this.#deadline.set(this.#requestDue);
    else this.#deadline.clear();
  }

  #earliest(due: number): number {
    return this.#requestDue > 0 && this.#requestDue < due ? this.#requestDue : due;
  }

  #onDeadline(): void {
    const { stats } = this.site;
    switch (this.#phase) {
      case 'idle':
        stats.cxIdleTimeout.increment();
        return this.#close();
      case 'head':
        stats.rqHeaderTimeout.increment();
        return this.#refuseSlowHead();
      case 'stream':
      case 'tunnel':
        return this.#streamTimedOut();
      default:
        this.transport.destroy();
    }
  }

  #refuseSlowHead(): void {
    this.#closeAfterResponse = true;
    this.#phase = 'stream';
    this.#stream.fail(HEADERS_TIMEOUT);
  }

  #streamTimedOut(): void {
    const { stats, clock } = this.site;
    if (this.#requestDue > 0 && clock.monotonic() + 0.5 >= this.#requestDue) {
      stats.rqTimeout.increment();
      return this.#stream.fail(REQUEST_TIMEOUT);
    }
    stats.rqIdleTimeout.increment();
    this.#stream.fail({ ...STREAM_TIMEOUT, status: this.#stream.requestEnded ? 504 : 408 });
  }

  #streamFailed(failure: unknown): void {
    this.site.logger.error(
      `request failed: ${failure instanceof Error ? (failure.stack ?? failure.message) : 'unknown'}`,
    );
    this.#stream.fail(INTERNAL_ERROR);
  }
}

function malformedReply(error: Http1Error): LocalReply {
  const details = `http1.codec_error.${error.code.toLowerCase()}`;
  return { status: error.status, body: reasonPhrase(error.status), flag: 'DPE', details };
}
