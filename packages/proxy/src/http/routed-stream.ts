// What the router and the stream that it works for see of each other.
import type { Headers, ResponseHead } from '@meltemi/wire';
import type { UpstreamRequest } from '../cluster/cluster.ts';
import type { LocalReply } from './local-reply.ts';

/** The stream that a router works for. It hears of one response or one local reply, unless it cancels. */
export interface RoutedStream {
  /** The client speaks HTTP/2. */
  readonly http2: boolean;
  onUpstreamInformational(head: ResponseHead): void;
  onUpstreamHead(head: ResponseHead): void;
  onUpstreamBody(chunk: Buffer): void;
  /** Nothing more is here for now: what was held back to be joined goes out. */
  onUpstreamPause(): void;
  onUpstreamEnd(trailers: Headers | undefined): void;
  onLocalReply(reply: LocalReply): void;
  /** The response began and can't be completed. */
  onCutShort(flag: string, details: string): void;
  onRetriesExhausted(): void;
}

/** A request with its headers ready for the upstream; `host` and the attempt count may still change with each try. */
export interface OutgoingRequest extends UpstreamRequest {
  readonly includeAttemptCount: boolean;
}
