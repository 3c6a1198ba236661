// What an HTTP filter is to the streams that run it: made once a listener, opened once a request, told of the request and its response as they pass.
import type { Decision, RouteFilterConfig } from '@meltemi/decide';
import type { Headers, RequestHead } from '@meltemi/wire';
import type { Cluster, OfferedProtocols } from '../../cluster/cluster.ts';
import type { HostBinding } from '../host-binding.ts';
import type { OwnAnswer } from '../own-answer.ts';
import type { StreamEntry } from '../stream-entry.ts';

/** One filter of a connection manager's chain, shared by all its requests. */
export interface HttpFilter {
  /** Its name in the chain; routes configure it under this name. */
  readonly name: string;
  /** For one request. A filter that keeps nothing of a request returns the same object each time; undefined: not interested. */
  open(stream: FilteredStream): StreamFilter | undefined;
  /** False: the listener waits until it is, and hears of it by `parts.onReady`. Absent: it always is. */
  readonly ready?: boolean;
  /** The listener is gone: counters, connections and timers are given up. */
  close?(): void;
}

/**
 * `next`: on to the next filter. `wait`: the filter calls `stream.resumeRequest(this)` later, or answers.
 * `answered`: the filter called `stream.answer()`, and must not touch the stream any more.
 */
export type FilterStep = 'next' | 'wait' | 'answered';

/**
 * A filter at work on one request. The request comes to the filters in the order of the chain, the response in the
 * opposite one. A filter sees a body only after the head, and no hook after `onFinish`. A chunk is valid during the call.
 */
export interface StreamFilter {
  /** May change `stream.head.headers` and the entry's method, path and authority in place. */
  onRequest?(stream: FilteredStream): FilterStep;
  /** What goes on of a chunk; undefined: nothing for now. What a filter keeps is held to a limit of its own. */
  onRequestBody?(chunk: Buffer, stream: FilteredStream): Buffer | undefined;
  /** The request is whole. A filter that kept bytes gives them now, by `resumeRequest` or `sendRequestBody`. */
  onRequestEnd?(trailers: Headers | undefined, stream: FilteredStream): void;
  /** The upstream's or our own. */
  onResponse?(response: FilteredResponse, stream: FilteredStream): void;
  onResponseBody?(chunk: Buffer, stream: FilteredStream): Buffer | undefined;
  /**
   * Before the response ends. A filter that kept bytes gives them by `stream.sendResponseBody` now. The trailers that go
   * on; or `held`: the filter calls `stream.endResponse(this, trailers)` later, which only the upstream's response may be.
   */
  onResponseEnd?(trailers: Headers | undefined, stream: FilteredStream): Headers | undefined | 'held';
  /** The request is over, however it ended; once. `stream.entry` is complete. Timers and calls of the filter end here. */
  onFinish?(stream: FilteredStream): void;
}

/** The head of a response as filters see and change it. */
export interface FilteredResponse {
  status: number;
  readonly headers: Headers;
  /** Bytes, or wire's CHUNKED or UNTIL_CLOSE. Who changes the body's length sets CHUNKED and removes `content-length`. */
  bodyLength: number;
  /** False: our own answer. */
  readonly fromUpstream: boolean;
  /** Latin1, of our own answers only: what `onResponseBody` gets afterwards. */
  readonly body?: string;
}

/** What a filter sees of the stream that runs it. Valid until `onFinish` returned. */
export interface FilteredStream {
  /** What is known of the request; filters write its metadata, filter state, flags and details. */
  readonly entry: StreamEntry;
  /** `bodyLength` 0: there is no body. */
  readonly head: RequestHead;
  /** Bytes that go to the upstream, or wire's CHUNKED: a filter that changes the body's length says so before the head goes on. */
  requestBodyLength: number;
  /** What the TLS connection to the upstream offers by ALPN; undefined: what its cluster says. */
  offered: OfferedProtocols | undefined;
  /** The one that the decision leads to, if it is there. */
  cluster(): Cluster | undefined;
  /** Decided at the first call, by the request as it is then. */
  decision(): Decision;
  /** What the filters changed may lead elsewhere: the next `decision()` decides anew. */
  clearDecision(): void;
  /** Where no route is known: calls `done` when it may be, in a later turn, unless cancelled. Undefined: nothing is to come. */
  awaitRoute(done: () => void): { cancel(): void } | undefined;
  /** What the route, its virtual host and its table say to the filter of this name, the most specific first. */
  routeConfigs(name: string): readonly RouteFilterConfig[];
  /** Answers in the upstream's place; the filters see it as a response. Without effect when a response began. */
  answer(answer: OwnAnswer): void;
  /** The upstream host that the request is to go to, at its first try. */
  bindHost(binding: HostBinding): void;
  /** After `wait`: the request goes on, with the bytes of its body that the filter kept, if any. */
  resumeRequest(from: StreamFilter, kept?: Buffer): void;
  /** Gives bytes to the filters after `from`, which does not wait. */
  sendRequestBody(from: StreamFilter, chunk: Buffer): void;
  /** Gives bytes to the filters that see the response after `from`: those before it in the chain. */
  sendResponseBody(from: StreamFilter, chunk: Buffer): void;
  /** After `held`. */
  endResponse(from: StreamFilter, trailers: Headers | undefined): void;
  /** The upstream is to send no more for now. */
  pauseResponse(): void;
  unpauseResponse(): void;
  /** The client is to send no more for now. */
  pauseRequest(): void;
  unpauseRequest(): void;
}
