// Answers the request of a stream: the upstream's response or our own, through the filters to the client; what can't be sent ends the stream alone.
import type { HeaderChange, InternalRedirect } from '@meltemi/decide';
import type { Headers, ResponseHead } from '@meltemi/wire';
import type { FilteredResponse, StreamFilter } from './filter/http-filter.ts';
import { INTERNAL_ERROR, type LocalReply } from './local-reply.ts';
import { localAnswer, type OwnAnswer } from './own-answer.ts';
import type { RoutedStream } from './routed-stream.ts';
import { Router } from './router.ts';
import type { ConnectionEntry, StreamEntry } from './stream-entry.ts';
import type { StreamOwner } from './stream-owner.ts';
import { type RequestOwner, StreamRequest } from './stream-request.ts';
import { StreamResponse } from './stream-response.ts';

/** The stream that is answered. */
export interface AnsweredStream {
  /** All filters let the request's head pass. */
  onFiltered(): void;
  /** Bytes go both ways from here on. */
  onTunnel(): void;
  /** The response is out, or given up. */
  finish(): void;
}

/** One a connection, for one request after the other. */
export class StreamAnswer implements RoutedStream, RequestOwner {
  readonly client: ConnectionEntry;
  readonly request: StreamRequest;
  readonly response: StreamResponse;
  readonly router: Router;
  readonly #stream: AnsweredStream;
  readonly #connection: StreamOwner;
  readonly #entry: StreamEntry;

  constructor(stream: AnsweredStream, connection: StreamOwner, entry: StreamEntry) {
    this.client = connection.entry;
    this.request = new StreamRequest(this, connection, entry);
    this.response = new StreamResponse(connection, this.request, entry);
    this.router = new Router(this, connection, connection.site);
    this.#stream = stream;
    this.#connection = connection;
    this.#entry = entry;
  }

  get active(): boolean {
    return !this.response.ended;
  }

  onFiltered(): void {
    this.#stream.onFiltered();
  }

  answer(answer: OwnAnswer): void {
    if (!this.active || this.response.began) return;
    this.router.noteOn(this.#entry);
    this.router.cancel();
    this.own(answer, this.request.choice.responseChanges);
  }

  sendResponseBody(from: StreamFilter, chunk: Buffer): void {
    try {
      this.request.filters.sendResponseBody(from, chunk);
    } catch (failure) {
      this.onFilterFailure(failure);
    }
  }

  endResponse(from: StreamFilter, trailers: Headers | undefined): void {
    try {
      if (this.active) this.#end(this.request.filters.resumeResponseEnd(from, trailers));
    } catch (failure) {
      this.onFilterFailure(failure);
    }
  }

  onFilteredResponseBody(chunk: Buffer): void {
    if (!this.response.body(chunk)) this.router.pauseResponse();
  }

  /** A filter threw, or a header value that a route computed can't be sent: this stream fails, no other. */
  onFilterFailure(failure: unknown): void {
    const { site } = this.#connection;
    site.logger.error(`response failed: ${failure instanceof Error ? failure.message : String(failure)}`);
    if (!this.active) return;
    if (this.response.began) return this.onCutShort('', INTERNAL_ERROR.details);
    this.router.cancel();
    this.response.own(localAnswer(INTERNAL_ERROR), site.clock.monotonic());
    this.response.end(undefined);
    this.#stream.finish();
  }

  onUpstreamInformational(head: ResponseHead): void {
    this.response.informational(head);
  }

  onUpstreamHead(head: ResponseHead): void {
    const { choice, span } = this.request;
    this.router.noteOn(this.#entry);
    try {
      const now = this.#connection.site.clock.monotonic();
      this.response.prepare(head, choice.forwarding, this.router.attempts, now);
      span?.answer(head.headers);
      if (head.upgrade) this.#stream.onTunnel();
      this.response.fromUpstream(this.#filtered(head), now);
    } catch (failure) {
      this.onFilterFailure(failure);
    }
  }

  onUpstreamRedirect(head: ResponseHead, policy: InternalRedirect): boolean {
    return this.request.redirect(head, policy);
  }

  onRedirected(chunks: readonly Buffer[], trailers: Headers | undefined): void {
    this.router.cancel();
    this.router.reset();
    this.request.again(chunks, trailers);
  }

  onUpstreamBody(chunk: Buffer): void {
    try {
      this.request.filters.responseBody(chunk);
    } catch (failure) {
      this.onFilterFailure(failure);
    }
  }

  onUpstreamPause(): void {
    this.#connection.touch(this.#connection.site.clock.monotonic());
    this.#connection.writer.flush();
  }

  onUpstreamEnd(trailers: Headers | undefined): void {
    this.#entry.upstreamEnded = true;
    try {
      this.#end(this.request.filters.responseEnd(trailers));
    } catch (failure) {
      this.onFilterFailure(failure);
    }
  }

  /** The client must see that the response is not whole. */
  onCutShort(flag: string, details: string): void {
    this.#entry.addFlag(flag);
    this.#entry.responseCodeDetails = details;
    this.router.cancel();
    this.response.cutShort();
    this.#stream.finish();
  }

  onLocalReply(reply: LocalReply): void {
    const { choice } = this.request;
    this.router.noteOn(this.#entry);
    this.router.cancel();
    const answer = localAnswer(reply);
    const { attempts } = this.router;
    if (attempts > 0 && choice.forwarding.includeAttemptCountInResponse) {
      answer.headers.set('x-envoy-attempt-count', String(attempts));
    }
    this.own(answer, choice.responseChanges);
  }

  onRetriesExhausted(): void {
    this.#entry.addFlag('URX');
  }

  /** `changes`: what the route does to our own answer. */
  own(answer: OwnAnswer, changes: readonly HeaderChange[]): void {
    try {
      this.#sendOwn(answer, changes);
    } catch (failure) {
      return this.onFilterFailure(failure);
    }
    this.#stream.finish();
  }

  #end(trailers: Headers | undefined | 'held'): void {
    if (trailers === 'held') return;
    this.#entry.responseTrailers = trailers;
    this.response.end(trailers);
    this.#stream.finish();
  }

  #sendOwn(given: OwnAnswer, changes: readonly HeaderChange[]): void {
    const { filters, span } = this.request;
    const answer = this.response.prepareOwn(given, changes);
    const { status, headers, body } = answer;
    const response: FilteredResponse = { status, headers, bodyLength: body.length, fromUpstream: false, body };
    span?.answer(headers);
    filters.response(response);
    const filtered = { ...answer, status: response.status, bodyLength: response.bodyLength };
    const sendsBody = this.response.own(filtered, this.#connection.site.clock.monotonic());
    if (sendsBody && body !== '') filters.responseBody(Buffer.from(body, 'latin1'));
    const trailers = filters.responseEnd(undefined);
    this.response.end(trailers === 'held' ? undefined : trailers);
  }

  /** The head as the filters leave it. */
  #filtered(head: ResponseHead): ResponseHead {
    if (this.#connection.site.filters.chain.length === 0) return head;
    const { status, headers, bodyLength } = head;
    const response: FilteredResponse = { status, headers, bodyLength, fromUpstream: true };
    this.request.filters.response(response);
    if (response.status === status && response.bodyLength === bodyLength) return head;
    return { ...head, status: response.status, bodyLength: response.bodyLength };
  }
}
