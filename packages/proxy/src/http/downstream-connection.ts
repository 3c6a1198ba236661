// Serves HTTP/1.1 on one connection: bytes → requests, one stream at a time, kept alive, pipelined, drained, closed.
import { type Headers, type Http1Error, type RequestHead, type Transport, type TransportHandler } from '@meltemi/wire';
import { ClientProbe } from './client-probe.ts';
import { ConnectionTimeouts } from './connection-timeouts.ts';
import type { HttpSite } from './http-site.ts';
import { HttpStream } from './http-stream.ts';
import { KeepAlive } from './keep-alive.ts';
import { HEADERS_TIMEOUT, INTERNAL_ERROR, malformedReply, REQUEST_TIMEOUT, STREAM_TIMEOUT } from './local-reply.ts';
import type { ClientFacts } from './request-headers.ts';
import { type ReadConnection, RequestReader } from './request-reader.ts';
import { ResponseWriter } from './response-writer.ts';
import type { ServedConnection } from './served-connection.ts';
import type { ConnectionEntry } from './stream-entry.ts';
import type { StreamOwner } from './stream-owner.ts';

/**
 * idle: between requests. head: the first bytes of a request came. stream: a request is served.
 * tunnel: after an upgrade, bytes go both ways. closing: the last answer is out, what still comes is thrown away.
 */
type Phase = 'idle' | 'head' | 'stream' | 'tunnel' | 'closing' | 'closed';

export class DownstreamConnection implements TransportHandler, StreamOwner, ReadConnection, ServedConnection {
  readonly transport: Transport;
  readonly site: HttpSite;
  readonly client: ClientFacts;
  readonly entry: ConnectionEntry;
  readonly writer: ResponseWriter;
  readonly #reader: RequestReader;
  readonly #stream: HttpStream;
  readonly #timeouts: ConnectionTimeouts;
  readonly #probe: ClientProbe;
  readonly #keepAlive: KeepAlive;
  readonly #onGone: (connection: DownstreamConnection) => void;
  #phase: Phase = 'idle';
  #hasBody = false;
  #inputEnded = false;
  #idleSince: number;
  /** Bytes, when the wait for the client's close began. */
  #unsent = 0;

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
    this.writer = new ResponseWriter(transport, site.settings.http1);
    this.#stream = new HttpStream(this);
    this.#reader = new RequestReader(this, transport, site.settings);
    this.#timeouts = new ConnectionTimeouts(
      site.clock,
      site.settings.timeouts,
      () => this.#onDeadline(),
      site.overload,
    );
    this.#probe = new ClientProbe(site.clock, transport);
    this.#idleSince = site.clock.monotonic();
    this.#keepAlive = new KeepAlive(site.settings, this.#idleSince);
    this.#timeouts.idle(this.#idleSince);
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
    this.#reader.read(bytes);
  }

  onEnd(): void {
    this.#inputEnded = true;
    if (this.#phase === 'tunnel') return this.#stream.requestEnd(undefined);
    if (this.#phase === 'stream' && this.#stream.requestEnded) return this.#halfClosed();
    if (this.#phase === 'stream') this.#stream.clientGone();
    this.#close();
  }

  onDrain(): void {
    if (this.#phase === 'stream' || this.#phase === 'tunnel') this.#stream.drained();
    else if (this.#phase === 'idle') this.#reader.readAhead();
  }

  onClose(): void {
    if (this.#phase === 'closed') return;
    const active = this.#phase === 'stream' || this.#phase === 'tunnel';
    this.#phase = 'closed';
    if (active && this.#stream.active) {
      this.site.stats.cxDestroyRemoteActive.increment();
      this.#stream.clientGone();
    }
    this.#probe.cancel();
    this.#timeouts.close();
    this.#stream.close();
    this.#onGone(this);
  }

  /** The stream's response is out, or given up. */
  streamEnded(now: number): void {
    if (this.#phase === 'tunnel') return this.#close();
    if (this.#phase !== 'stream') return;
    if (this.#stream.requestEnded) this.#nextRequest(now);
    // The answer came first: what is left of the body must not be taken for the next request.
    else if (this.#hasBody || this.#keepAlive.over) this.#close();
  }

  /** Whether the connection stays after the response whose head is about to be written; the answer binds. */
  keepsAlive(head: RequestHead, requestComplete: boolean, now: number): boolean {
    this.#probe.cancel();
    if (!requestComplete || this.site.draining || this.#inputEnded) this.#keepAlive.end();
    return this.#keepAlive.staysAfter(head, now);
  }

  startTunnel(): void {
    this.#probe.cancel();
    this.#phase = 'tunnel';
    const early = this.#reader.takeAhead();
    if (early) this.#stream.requestBody(early);
  }

  /** Something moved: the stream's idle timeout starts over. */
  touch(now: number): void {
    this.#timeouts.stream(now, this.#stream.idleTimeoutMs);
  }

  pauseRequest(): void {
    this.#reader.pause();
  }

  resumeRequest(): void {
    this.#reader.resume();
  }

  /** Closes in a way that the client can't take for the end of its response. */
  abort(endsWithConnection: boolean): void {
    this.#phase = 'closing';
    if (endsWithConnection) this.transport.reset();
    else this.transport.destroy();
  }

  /** Its next response will say so. */
  drain(): void {
    // `keepsAlive` asks the site.
  }

  end(): void {
    if (this.#phase === 'idle') this.#close();
  }

  /** Closes now. */
  destroy(): void {
    this.transport.destroy();
  }

  /** A client that doesn't read its answers gets no further request served. */
  get readsRequests(): boolean {
    if (this.#phase === 'idle') return this.transport.bytesQueued <= this.transport.queueLimit;
    return this.#phase === 'head' || (this.#phase === 'stream' && !this.#stream.requestEnded);
  }

  onRequestHead(head: RequestHead): void {
    this.#phase = 'stream';
    this.#hasBody = head.bodyLength !== 0;
    this.#keepAlive.requestBegan();
    const now = this.site.clock.monotonic();
    this.#timeouts.requestBegan(now);
    this.touch(now);
    try {
      this.#stream.start(head, now);
    } catch (failure) {
      this.#streamFailed(failure);
    }
  }

  onRequestBody(chunk: Buffer): void {
    if (this.#phase !== 'stream') return;
    this.touch(this.site.clock.monotonic());
    this.#stream.requestBody(chunk);
  }

  /** The request is whole; the parser waits unless its response is out already. */
  onRequestEnd(trailers: Headers | undefined): void {
    if (this.#phase !== 'stream') return;
    this.#timeouts.requestEnded();
    const answered = !this.#stream.active;
    this.#stream.requestEnd(this.site.settings.http1.trailers ? trailers : undefined);
    if (answered) this.#nextRequest(this.site.clock.monotonic());
    else if (this.#stream.active) this.#reader.hold();
  }

  onMalformed(error: Http1Error): void {
    if (this.#phase === 'closed' || this.#phase === 'closing') return;
    this.site.stats.cxProtocolError.increment();
    this.#keepAlive.end();
    this.#phase = 'stream';
    this.#stream.fail(malformedReply(error));
  }

  onFed(rest: Buffer): boolean {
    switch (this.#phase) {
      case 'tunnel':
        if (rest.length > 0) this.#stream.requestBody(rest);
        return true;
      case 'closing':
      case 'closed':
        return true;
      case 'idle':
        if (!this.#reader.idle) this.#expectHead();
        return false;
      default:
        return false;
    }
  }

  #expectHead(): void {
    this.#phase = 'head';
    this.#timeouts.head(this.site.clock.monotonic());
  }

  #nextRequest(now: number): void {
    if (this.#keepAlive.over) return this.#close();
    this.#phase = 'idle';
    this.#idleSince = now;
    this.#timeouts.idle(now);
    this.#reader.next();
  }

  /** Sends what is queued and FIN, and reads on for a while: closing with unread bytes would reset what we sent. */
  #close(): void {
    if (this.#phase === 'closing' || this.#phase === 'closed') return;
    this.#phase = 'closing';
    this.#reader.takeAhead();
    this.#probe.cancel();
    this.writer.flush();
    this.transport.end();
    this.#reader.resume();
    this.#awaitClose();
  }

  /** As long as the client takes some of what is queued, it has time. */
  #awaitClose(): void {
    this.#unsent = this.transport.bytesQueued;
    this.#timeouts.closing(this.site.clock.monotonic());
  }

  /** The client sends no more: it waits for the response, or it is gone. */
  #halfClosed(): void {
    if (!this.#stream.responseBegan && this.#stream.entry.protocol === 'HTTP/1.1') this.#probe.start();
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
        if (this.transport.bytesQueued < this.#unsent) this.#awaitClose();
        else this.transport.destroy();
    }
  }

  #refuseSlowHead(): void {
    this.#keepAlive.end();
    this.#phase = 'stream';
    this.#stream.fail(HEADERS_TIMEOUT);
  }

  #streamTimedOut(): void {
    const { stats, clock } = this.site;
    if (this.#timeouts.requestOverdue(clock.monotonic())) {
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
